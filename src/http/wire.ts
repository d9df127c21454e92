/**
 * What a front can do with one connection's pending reply, without rules: the rules (one reply, none
 * after an abort, budgets, deadlines) are in front-exchange.ts and front-stream.ts, written once.
 * Nothing is called after the last byte was handed over or the connection was lost.
 */
import type { ReplyHead } from './reply-head.js';

export interface Wire {
  /**
   * Connects what happens to the connection with its exchange; called once, before all else.
   * `isLast`: nothing that follows this request on its connection may run.
   */
  attach(events: WireEvents, isLast: boolean): void;
  /** Runs the request's handler as soon as the socket library may be given the reply, in this turn. */
  begin(hasBody: boolean, handler: () => void): void;
  /**
   * Sends a whole reply. True when its last byte was handed over; otherwise the front calls
   * `hasSent` of the exchange later.
   */
  send(head: ReplyHead, body: string | Uint8Array | undefined): boolean;
  /** Runs `work` so that what it sends leaves together. */
  batch(work: () => void): void;
  beginStream(head: ReplyHead): void;
  /** False when the connection took the bytes into a buffer: push no more until `onWritable`. */
  push(bytes: Uint8Array | string): boolean;
  /** Like `send`: true when the last byte was handed over. */
  endStream(): boolean;
  /** An earlier reply on the connection is not over, so nobody could take this one yet. */
  readonly isBehindAnother: boolean;
  /** Called once a sweep while a client takes nothing. */
  keepWaiting(): void;
  /** Closes the connection at once; the front then calls `wasAborted` of the exchange. */
  destroy(): void;
}

/** The side of an exchange that its front tells what became of the connection. */
export interface WireEvents {
  onBody(bytes: Uint8Array, isLast: boolean): void;
  /** The client took bytes. */
  onWritable(): void;
  hasSent(): void;
  wasAborted(): void;
}

/** What waits for a client to take bytes, each with its own time in a DeadlineSet. */
export interface Stalled {
  /** Called once a sweep while the time has not run out. */
  keepWaiting(): void;
  /** The time has run out. */
  giveUp(): void;
}
