/**
 * What every adapter asks of documents before it touches its database, so that all of them accept and
 * refuse the same: keys that survive as UTF-8 in each engine, values that are JSON, bounded pages.
 */
import { GatewayError } from '../kernel/errors.js';

/** Chosen: room for long paths, small enough for every engine's index. */
export const MAX_KEY_BYTES = 1024;
/** Chosen: a quarter of MongoDB's 16 MiB document limit. */
export const MAX_VALUE_BYTES = 4 * 1024 * 1024;

const DEFAULT_PAGE = 1000;
const MAX_DOCUMENT_PAGE = 10_000;

/**
 * Throws GW_BAD_REQUEST for an empty or too long key, for NUL (libsql cuts text there, FerretDB refuses
 * it) and for lone surrogates (two different keys would become the same UTF-8).
 */
export function checkDocumentKey(key: string): void {
  if (key === '') throw refused('A document key must not be empty.');
  checkPrefix(key);
}

/** Like a key, but may be empty. */
export function checkPrefix(prefix: string): void {
  if (/[\0\p{Surrogate}]/u.test(prefix)) {
    throw refused('A document key must not hold NUL or half a surrogate pair.');
  }
  if (Buffer.byteLength(prefix) > MAX_KEY_BYTES) {
    throw refused(`A document key must not be longer than ${MAX_KEY_BYTES} bytes.`);
  }
}

/** The JSON text to keep. Throws GW_BAD_REQUEST for what JSON cannot say and for values too large. */
export function toJsonText(value: unknown): string {
  let text: unknown;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw refused('A document value must be a JSON value.', cause);
  }
  if (typeof text !== 'string') throw refused('A document value must be a JSON value.');
  if (Buffer.byteLength(text) > MAX_VALUE_BYTES) {
    throw refused(`A document value must not be larger than ${MAX_VALUE_BYTES} bytes.`);
  }
  return text;
}

/** The page size to use: absent means 1000; outside 1…10000 it is moved to the nearer end. */
export function documentPageSize(limit: number | undefined): number {
  return clampPage(limit, MAX_DOCUMENT_PAGE);
}

export function keyPageSize(limit: number | undefined): number {
  return clampPage(limit, DEFAULT_PAGE);
}

function clampPage(limit: number | undefined, max: number): number {
  if (limit === undefined || Number.isNaN(limit)) return DEFAULT_PAGE;
  return Math.min(max, Math.max(1, Math.floor(limit)));
}

/** Compares as every adapter sorts: by UTF-8 bytes, which JavaScript's UTF-16 order is not. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function refused(hint: string, cause?: unknown): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', { hint, cause });
}
