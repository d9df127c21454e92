/**
 * One question of the gateway's own to a server, over the transport that its clients' calls take, and the
 * answer read whole. Bounded in bytes and time; never retried.
 */
import { GatewayError } from '../kernel/errors.js';
import type { UpstreamExchange, UpstreamTransport } from '../upstream/transport.js';
import { EventBuffer } from '../mcp/event-buffer.js';
import { contentTypeOf } from './forward-headers.js';

export interface Question {
  readonly method: 'POST' | 'DELETE';
  /** Joined to the headers every question has. */
  readonly headers: readonly string[];
  /** Null for DELETE. */
  readonly message: Readonly<Record<string, unknown>> | null;
  readonly timeoutMs: number;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  /** The JSON-RPC response; null where there is none or it cannot be read. */
  readonly message: Readonly<Record<string, unknown>> | null;
}

/** A list of tools with their schemas may be long. */
const MAX_BYTES = 4 * 1024 * 1024;
const BOTH_TYPES = 'application/json, text/event-stream';

/** Rejects with the transport's GatewayError, or GW_UPSTREAM_TIMEOUT. */
export function askUpstream(
  transport: UpstreamTransport,
  { method, headers, message, timeoutMs }: Question,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    let exchange: UpstreamExchange | null = null;
    let isOver = false;
    let head: Pick<UpstreamAnswer, 'status' | 'headers'> = { status: 0, headers: [] };
    let isEvents = false;
    let text = '';
    const events = new EventBuffer();
    let bytes = 0;
    // A character may be cut in two between chunks.
    const decoder = new TextDecoder();
    const end = (error: GatewayError | null, answer: UpstreamAnswer['message']): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (error === null) resolve({ ...head, message: answer });
      else reject(error);
      exchange?.abort();
    };
    const timer = setTimeout(() => {
      end(
        new GatewayError('GW_UPSTREAM_TIMEOUT', { hint: `No answer within ${timeoutMs} ms.` }),
        null,
      );
    }, timeoutMs);
    const request = {
      method,
      headers: ['content-type', 'application/json', 'accept', BOTH_TYPES, ...headers],
      body: message === null ? null : Buffer.from(JSON.stringify(message)),
      user: '',
      credential: null,
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    };
    exchange = transport.dispatch(request, {
      onHead: (status, answered) => {
        head = { status, headers: answered };
        isEvents = contentTypeOf(answered).startsWith('text/event-stream');
      },
      onData: (chunk) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) {
          const hint = 'Its answer is too long.';
          end(new GatewayError('GW_UPSTREAM_PROTOCOL', { hint }), null);
        } else if (isEvents) {
          // A server may keep the stream open after the answer.
          const whole = events.take(chunk);
          const found = whole === null ? null : responseInEvents(whole.toString());
          if (found !== null) end(null, found);
        } else text += decoder.decode(chunk, { stream: true });
        return true;
      },
      onEnd: () => {
        end(null, isEvents ? null : asMessage(text));
      },
      onError: (error) => {
        end(error, null);
      },
    });
  });
}

/** The first response among whole events. */
function responseInEvents(text: string): UpstreamAnswer['message'] {
  const events = text.split(/\r\n\r\n|\n\n|\r\r/);
  for (const event of events) {
    if (!event.includes('data:')) continue;
    const data = event
      .split(/\r\n|\n|\r/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5))
      .join('\n');
    const message = asMessage(data);
    if (message !== null && ('result' in message || 'error' in message)) return message;
  }
  return null;
}

function asMessage(text: string): UpstreamAnswer['message'] {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // An empty answer, a page of HTML, half an event.
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
