/**
 * The binary language between an HTTP worker and the upstream host: many HTTP-shaped exchanges over one
 * unix socket, each frame `u32 length · u8 type · u32 exchangeId · payload` (little endian; the length
 * counts what follows it). Worker to host: open, credit, abort. Host to worker: head, data, end, error.
 * Back-pressure is a credit window per exchange, as in HTTP/2 (RFC 9113 §5.2): the host may have
 * INITIAL_CREDIT_BYTES of data unacknowledged, and each credit frame adds what the worker has consumed.
 * So one slow reader never stops the others. Texts carry their lengths, so no value can forge a field.
 */

export type FrameMethod = 'POST' | 'GET' | 'DELETE';

export interface OpenFrame {
  readonly type: 'open';
  readonly exchangeId: number;
  readonly server: string;
  readonly user: string;
  /** The user's own credential for the server; the socket is the gateway's user's alone. */
  readonly credential: string | null;
  readonly method: FrameMethod;
  /** Flat list name, value, name, value… */
  readonly headers: readonly string[];
  /** Null when the method is not POST. */
  readonly body: Buffer | null;
}

export interface CreditFrame {
  readonly type: 'credit';
  readonly exchangeId: number;
  readonly bytes: number;
}

export interface HeadFrame {
  readonly type: 'head';
  readonly exchangeId: number;
  readonly status: number;
  /** Flat list with lower-case names. */
  readonly headers: readonly string[];
}

export interface DataFrame {
  readonly type: 'data';
  readonly exchangeId: number;
  readonly bytes: Buffer;
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly exchangeId: number;
  readonly error: FrameError;
}

export interface FrameError {
  /** An `ErrorCode`; the receiver checks that it knows it. */
  readonly code: string;
  readonly hint: string | null;
  readonly retryAfterMs: number | null;
}

export interface EndFrame {
  readonly type: 'end';
  readonly exchangeId: number;
  /** What the whole reply told its client was this error (an `ErrorCode`) of the host; null: it was the server's answer. */
  readonly told: string | null;
}

export interface AbortFrame {
  readonly type: 'abort';
  readonly exchangeId: number;
}

export type Frame =
  OpenFrame | CreditFrame | HeadFrame | DataFrame | ErrorFrame | EndFrame | AbortFrame;

/** Data the host may send on one exchange before the first credit. Chosen: four data frames. */
export const INITIAL_CREDIT_BYTES = 256 * 1024;
/** Largest data payload, so that a large answer cannot hold up the others for long. */
export const MAX_DATA_BYTES = 64 * 1024;
/** Room for headers and names beside a body; DESIGN caps request headers at 16 KiB. */
export const MAX_FRAME_OVERHEAD_BYTES = 256 * 1024;

export const FRAME_HEADER_BYTES = 9;
export const FRAME_TYPES = [
  'open',
  'credit',
  'abort',
  'head',
  'data',
  'end',
  'error',
] as const satisfies readonly Frame['type'][];
export const FRAME_METHODS = ['POST', 'GET', 'DELETE'] as const satisfies readonly FrameMethod[];
/** Stands for "no value" in the retryAfterMs field. */
export const NO_RETRY_AFTER = 0xffffffff;
