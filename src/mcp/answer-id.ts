/**
 * Whose answer a long JSON-RPC response is, read from its ends. Serialisers write the short members
 * before `result` (`{"jsonrpc":"2.0","id":1,"result":…`) or behind it, as the official SDK does
 * (`…,"jsonrpc":"2.0","id":1}`), so nobody has to walk over a result of 64 KB (27 to 270 µs, measured)
 * to see that it belongs to another request. Neither end can be text inside the result: quotes inside a
 * string are escaped, and a member of a nested object is not the last thing before the end of the root.
 */
import type { JsonRpcId } from './scan-message.js';

/** Covers an id of the longest size allowed, and the short members around it. */
const END_BYTES = 400;

const ID = '"id"\\s*:\\s*(-?\\d{1,15}|null|"[^"\\\\]{0,256}")';
const VERSION = '"jsonrpc"\\s*:\\s*"2\\.0"';
const HEAD = new RegExp(`^\\s*\\{\\s*(?:${VERSION}\\s*,\\s*)?${ID}\\s*,`);
const TAIL = new RegExp(`,\\s*(?:${VERSION}\\s*,\\s*)?${ID}\\s*(?:,\\s*${VERSION}\\s*)?\\}\\s*$`);

/** From the first bytes alone; undefined where the id does not stand there in plain spelling. */
export function idAtStart(bytes: Buffer): JsonRpcId | null | undefined {
  return read(HEAD.exec(bytes.toString('utf8', 0, END_BYTES)));
}

/** From either end of a whole answer; undefined where neither has it: it takes a scan to know. */
export function idAtEnds(bytes: Buffer): JsonRpcId | null | undefined {
  const first = idAtStart(bytes);
  if (first !== undefined) return first;
  return read(TAIL.exec(bytes.toString('utf8', Math.max(0, bytes.length - END_BYTES))));
}

function read(match: RegExpExecArray | null): JsonRpcId | null | undefined {
  const text = match?.[1];
  if (text === undefined) return undefined;
  if (text === 'null') return null;
  return text.startsWith('"') ? text.slice(1, -1) : Number(text);
}
