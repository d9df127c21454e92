/**
 * Status line and header fields of a reply, checked before a byte is written: uWebSockets.js writes
 * CR and LF in a value as they are (response splitting), and fields that frame the message belong to
 * the front alone. RFC 9110 section 5.5 (field values), 5.6.2 (tokens); requirement U10.
 */
import { STATUS_CODES } from 'node:http';

/** Header fields that may be written as they are: name, value, name, value. */
export interface SafeHeaders {
  readonly flat: readonly string[];
  /** False when a value has bytes 0x80-0xFF, which must be written as latin-1 and not as UTF-8. */
  readonly isAscii: boolean;
}

export type ReplyConnection =
  | 'keep-alive'
  /** Tell the client that this was the last reply; it may close in its own time. */
  | 'last'
  /** Tell, and close: what follows on this connection cannot be trusted. */
  | 'close';

export interface ReplyHead {
  readonly status: number;
  readonly headers: SafeHeaders;
  readonly connection: ReplyConnection;
}

const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/;
const ASCII_VALUE = /^[\t\x20-\x7e]*$/;
const LATIN1_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Framing and connection are the front's; a caller's copy of them (a relayed header) is left out. */
const OWNED_BY_FRONT = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** Verdicts on names, which are few; dropped whole when an upstream sends ever new ones. */
const MAX_REMEMBERED_NAMES = 512;
const nameVerdicts = new Map<string, 'write' | 'leave-out' | 'refuse'>();

function judgeName(name: string): 'write' | 'leave-out' | 'refuse' {
  let verdict = nameVerdicts.get(name);
  if (verdict === undefined) {
    if (!TOKEN.test(name)) verdict = 'refuse';
    else verdict = OWNED_BY_FRONT.has(name.toLowerCase()) ? 'leave-out' : 'write';
    if (nameVerdicts.size >= MAX_REMEMBERED_NAMES) nameVerdicts.clear();
    nameVerdicts.set(name, verdict);
  }
  return verdict;
}

/** The fields to write, or undefined when one may not be written. */
export function checkHeaders(headers: Readonly<Record<string, string>>): SafeHeaders | undefined {
  const flat: string[] = [];
  let isAscii = true;
  for (const name in headers) {
    const value = headers[name] ?? '';
    const verdict = judgeName(name);
    if (verdict === 'refuse') return undefined;
    if (!ASCII_VALUE.test(value)) {
      if (!LATIN1_VALUE.test(value)) return undefined;
      isAscii = false;
    }
    if (verdict === 'write') flat.push(name, value);
  }
  return { flat, isAscii };
}

/** Interim and unknown statuses are never a final reply. */
export function isFinalStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599;
}

/** These replies have no body and no Content-Length (RFC 9110 section 8.6). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

const statusLines = new Map<number, string>();

/** `404 Not Found`, with the registered reason phrase. */
export function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
    statusLines.set(status, line);
  }
  return line;
}
