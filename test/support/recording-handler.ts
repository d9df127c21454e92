/** An UpstreamResponseHandler that writes down what it is told and lets a test await the end. */
import type { GatewayError } from '../../src/kernel/errors.js';
import type { UpstreamRequest, UpstreamResponseHandler } from '../../src/upstream/transport.js';

export interface Recording extends UpstreamResponseHandler {
  readonly events: string[];
  status: number;
  headers: readonly string[];
  readonly body: () => string;
  bytes: number;
  error: GatewayError | null;
  /** The host's error that an orderly end says was told. */
  told: string | null;
  /** False: onData answers false from now on, until the test calls resume. */
  wantsMore: boolean;
  /** Resolves with the error, or null at an orderly end. */
  readonly ended: Promise<GatewayError | null>;
  readonly headed: Promise<void>;
  /** Resolves at the next call of onData. */
  nextData(): Promise<void>;
}

export function recordingHandler(): Recording {
  const chunks: Buffer[] = [];
  let end: (error: GatewayError | null) => void = () => undefined;
  let head: () => void = () => undefined;
  let onData: () => void = () => undefined;
  const recording: Recording = {
    events: [],
    status: 0,
    headers: [],
    bytes: 0,
    error: null,
    told: null,
    wantsMore: true,
    body: () => Buffer.concat(chunks).toString(),
    ended: new Promise((resolve) => {
      end = resolve;
    }),
    headed: new Promise((resolve) => {
      head = resolve;
    }),
    nextData: () =>
      new Promise((resolve) => {
        onData = resolve;
      }),
    onHead(status, headers) {
      recording.events.push('head');
      recording.status = status;
      recording.headers = headers;
      head();
    },
    onData(chunk) {
      recording.events.push('data');
      recording.bytes += chunk.length;
      chunks.push(chunk);
      onData();
      return recording.wantsMore;
    },
    onEnd(told) {
      recording.events.push('end');
      recording.told = told?.code ?? null;
      end(null);
    },
    onError(error) {
      recording.events.push('error');
      recording.error = error;
      end(error);
    },
  };
  return recording;
}

export function upstreamRequest(overrides: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'POST',
    headers: ['content-type', 'application/json'],
    body: Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    user: 'alice',
    credential: null,
    headTimeoutMs: 5000,
    idleTimeoutMs: 0,
    ...overrides,
  };
}
