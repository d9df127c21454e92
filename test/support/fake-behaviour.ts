/**
 * The ways in which the fake upstream can answer one HTTP request: properly, late, never, or with
 * one particular fault. Each variant breaks exactly one thing.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { isModern, properAnswer, rpcError, sendJson, type Message } from './fake-messages.js';

const BOMB_BYTES = 64 * 1024 * 1024;

export type Behaviour =
  /**
   * The right answer, after `delayMs` (default 0) or when `after` resolves, as JSON or as an event stream
   * (default JSON), with `headers` beside its own.
   */
  | {
      readonly kind: 'answer';
      readonly delayMs?: number;
      readonly after?: Promise<void>;
      readonly as?: 'json' | 'sse';
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A JSON-RPC result of the test's own. */
  | { readonly kind: 'result'; readonly result: unknown }
  /** A JSON-RPC error of the test's own, with HTTP 200. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  /** Accepts the request and never answers. */
  | { readonly kind: 'hang' }
  /** Sends the head of an event stream and one notification, then nothing. */
  | { readonly kind: 'hang-mid-stream' }
  /** Resets the connection without an answer. */
  | { readonly kind: 'reset' }
  /** Resets the connection in the middle of an event. */
  | { readonly kind: 'reset-mid-stream' }
  /** HTTP 200 application/json with bytes that are no JSON. */
  | { readonly kind: 'garbage' }
  /** The right result under an id that nobody asked with. */
  | { readonly kind: 'wrong-id' }
  /** A result whose text has `bytes` characters, on one line. */
  | { readonly kind: 'huge'; readonly bytes: number; readonly as?: 'json' | 'sse' }
  /** Half of such a result, or of the event that holds it; then the connection is closed. */
  | {
      readonly kind: 'broken';
      readonly bytes: number;
      readonly framing: 'chunked' | 'length' | 'until-close';
      readonly as: 'json' | 'sse';
    }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** 64 MiB of zeros as 64 KiB of gzip. */
  | { readonly kind: 'gzip-bomb' };

export interface Execution {
  readonly message: Message | undefined;
  /** Called once when a tool call is really executed. */
  onExecuted(value: unknown): void;
  onSession(id: string): void;
}

const event = (message: unknown): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

const progress = {
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 0, progress: 1 },
};

function openStream(
  outgoing: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): void {
  const own = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
  outgoing.writeHead(200, { ...own, ...headers });
}

function sendAnswer(
  outgoing: ServerResponse,
  answer: unknown,
  as: 'json' | 'sse' = 'json',
  headers: Readonly<Record<string, string>> = {},
): void {
  if (as === 'json') {
    sendJson(outgoing, 200, answer, headers);
    return;
  }
  openStream(outgoing, headers);
  outgoing.end(event(answer));
}

/** On the bare socket, because node:http would not leave an answer half sent in order. */
function sendHalf(
  outgoing: ServerResponse,
  id: unknown,
  { bytes, framing, as }: Extract<Behaviour, { kind: 'broken' }>,
): void {
  const result = { content: [{ type: 'text', text: 'x'.repeat(bytes) }], resultType: 'complete' };
  const message = { jsonrpc: '2.0', id, result };
  const whole = as === 'json' ? JSON.stringify(message) : event(message);
  const half = whole.slice(0, whole.length / 2);
  const type = as === 'json' ? 'application/json' : 'text/event-stream';
  const fields = {
    chunked: `transfer-encoding: chunked\r\n\r\n${half.length.toString(16)}\r\n${half}\r\n`,
    length: `content-length: ${whole.length}\r\n\r\n${half}`,
    'until-close': `connection: close\r\n\r\n${half}`,
  };
  outgoing.socket?.end(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${fields[framing]}`);
}

function execute(execution: Execution): Record<string, unknown> {
  const { message } = execution;
  if (message?.method === 'tools/call') execution.onExecuted(message.params?.arguments?.['value']);
  return properAnswer(message);
}

/** Answers one request as `behaviour` says; resolves when nothing more will be written. */
export async function behave(
  behaviour: Behaviour,
  execution: Execution,
  outgoing: ServerResponse,
): Promise<void> {
  const { message } = execution;
  const id = message?.id ?? null;
  switch (behaviour.kind) {
    case 'answer': {
      if ((behaviour.delayMs ?? 0) > 0) await pause(behaviour.delayMs);
      await behaviour.after;
      if (outgoing.destroyed) return; // The client left: a cancelled call is not executed.
      const answer = execute(execution);
      if (message?.method === 'initialize') {
        const session = randomUUID();
        execution.onSession(session);
        sendJson(outgoing, 200, answer, { 'mcp-session-id': session });
      } else if ('error' in answer && message !== undefined && isModern(message)) {
        sendJson(outgoing, 404, answer);
      } else {
        sendAnswer(outgoing, answer, behaviour.as, behaviour.headers);
      }
      return;
    }
    case 'result':
      sendAnswer(outgoing, { jsonrpc: '2.0', id, result: behaviour.result });
      return;
    case 'error':
      sendAnswer(outgoing, rpcError(id, behaviour.code, behaviour.message));
      return;
    case 'hang':
      return;
    case 'hang-mid-stream':
      openStream(outgoing);
      outgoing.write(event(progress));
      return;
    case 'reset':
      outgoing.socket?.resetAndDestroy();
      return;
    case 'reset-mid-stream':
      openStream(outgoing);
      outgoing.write(`${event(progress)}event: message\ndata: {"jsonrpc":"2.0","id":`, () => {
        outgoing.socket?.resetAndDestroy();
      });
      return;
    case 'garbage':
      sendJson(outgoing, 200, '{"jsonrpc":"2.0","id":1,"result":{]]\u0000');
      return;
    case 'wrong-id':
      sendAnswer(outgoing, { ...execute(execution), id: `not-${String(id)}` });
      return;
    case 'huge': {
      const content = [{ type: 'text', text: 'x'.repeat(behaviour.bytes) }];
      const result = { content, resultType: 'complete' };
      sendAnswer(outgoing, { jsonrpc: '2.0', id, result }, behaviour.as);
      return;
    }
    case 'broken':
      sendHalf(outgoing, id, behaviour);
      return;
    case 'redirect':
      outgoing.writeHead(302, { location: behaviour.location }).end();
      return;
    case 'status':
      sendJson(outgoing, behaviour.status, behaviour.body ?? '');
      return;
    case 'gzip-bomb': {
      const bomb = gzipSync(Buffer.alloc(BOMB_BYTES));
      outgoing.writeHead(200, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'content-length': bomb.length,
      });
      outgoing.end(bomb);
    }
  }
}
