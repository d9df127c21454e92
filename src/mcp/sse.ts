/**
 * Server-sent events as the MCP SDK's servers write them (WHATWG HTML §9.2; MCP 2025-11-25
 * basic/transports for event ids, the priming event and `retry`).
 */
import { onOneLine } from './splice.js';

/** A comment line: keeps proxies and idle timeouts quiet, invisible to clients. */
export const SSE_PING = Buffer.from(': ping\n\n');

const EVENT = Buffer.from('event: message\ndata: ');
const DATA = Buffer.from('data: ');
const END = Buffer.from('\n\n');

/** One JSON-RPC message as an event. `id` must be free of line breaks and NUL. */
export function sseEvent(message: Buffer, id?: string): Buffer {
  const data = onOneLine(message);
  if (id === undefined) return Buffer.concat([EVENT, data, END]);
  return Buffer.concat([Buffer.from(`event: message\nid: ${id}\n`), DATA, data, END]);
}

/**
 * The event with an id and no data that lets a client resume before the first message
 * (2025-11-25 and later only: older clients try to parse the empty data).
 */
export function primingEvent(id: string, retryMs: number): Buffer {
  return Buffer.from(`id: ${id}\nretry: ${retryMs}\ndata: \n\n`);
}
