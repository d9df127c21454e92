/**
 * Finds, in the bytes of a JSON-RPC body, the few members the gateway decides upon, without building
 * objects: the bytes are then forwarded as they came, so big integers and number spellings survive.
 * Because an upstream may read the same bytes with laxer rules (CVE-2026-27896: keys matched without
 * regard to case), a body whose decision keys appear twice, escaped, or in another case is refused.
 * Depth and token limits stop bodies that would stall a later JSON.parse (RELIABILITY §6, 13–15).
 */
import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../kernel/errors.js';

export type JsonRpcId = string | number;

/** Byte range [start, end) of a value inside the scanned body. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ScannedMessage {
  readonly kind: 'request' | 'notification' | 'response';
  /** The message's own bytes inside the body (the whole body unless it came in a batch). */
  readonly bytes: Buffer;
  /** Ranges below count from the start of `bytes`. Null for notifications, and for responses with id null. */
  readonly id: JsonRpcId | null;
  readonly idRange: ByteRange | null;
  /** Empty for responses. */
  readonly method: string;
  readonly paramsRange: ByteRange | null;
  /** `params.name`, `params.uri`, `params.taskId` where they are strings. */
  readonly name: string | null;
  readonly uri: string | null;
  readonly taskId: string | null;
  /** `params.requestId` of `notifications/cancelled`. */
  readonly cancelledId: JsonRpcId | null;
  readonly cancelledIdRange: ByteRange | null;
  /** `params.progressToken` of `notifications/progress`. */
  readonly progressOf: JsonRpcId | null;
  readonly progressOfRange: ByteRange | null;
  /** `params._meta`, the object including its braces. */
  readonly metaRange: ByteRange | null;
  /** True when the protocolVersion key exists in `_meta`, whatever its value. */
  readonly hasEnvelope: boolean;
  readonly protocolVersion: string | null;
  readonly hasClientCapabilities: boolean;
  /** `_meta.progressToken`. */
  readonly progressToken: JsonRpcId | null;
  readonly progressTokenRange: ByteRange | null;
  /** `params.protocolVersion` of `initialize`. */
  readonly initializeVersion: string | null;
  /** For responses: whether it carries `error`. */
  readonly isError: boolean;
}

export interface ScanLimits {
  /** Nesting of arrays and objects. Default 64. */
  readonly maxDepth: number;
  /** Values and keys in total. Default 100 000. */
  readonly maxTokens: number;
  /** Messages in one batch. Default 100. */
  readonly maxBatch: number;
}

export const DEFAULT_SCAN_LIMITS: ScanLimits = { maxDepth: 64, maxTokens: 100_000, maxBatch: 100 };

export type ScannedBody =
  | { readonly isBatch: false; readonly message: ScannedMessage }
  | { readonly isBatch: true; readonly messages: readonly ScannedMessage[] };

const META_VERSION = 'io.modelcontextprotocol/protocolVersion';
const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

const ROOT_KEYS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'] as const;
const PARAMS_KEYS = [
  'name',
  'uri',
  'taskId',
  'requestId',
  'progressToken',
  'protocolVersion',
  '_meta',
] as const;
const META_KEYS = [META_VERSION, META_CAPABILITIES, 'progressToken'] as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MAX_ID_BYTES = 256;
const MAX_METHOD_BYTES = 256;
/** Below this a byte loop is cheaper than three native calls (measured). */
const SHORT_STRING_BYTES = 64;

/**
 * Scans a whole HTTP body. Throws GW_PARSE when it is not JSON, GW_BAD_REQUEST when it is not
 * JSON-RPC 2.0 or breaks a limit; `data.id` of the error is the request's id where it could be read.
 */
export function scanBody(body: Buffer, limits: ScanLimits = DEFAULT_SCAN_LIMITS): ScannedBody {
  if (!isUtf8(body)) throw new GatewayError('GW_PARSE', { hint: 'It must be UTF-8.' });
  const scanner = new Scanner(body, limits);
  const first = scanner.peek();
  if (first !== 0x5b) {
    const message = scanner.message();
    scanner.expectEnd();
    return { isBatch: false, message };
  }
  const messages = scanner.batch();
  scanner.expectEnd();
  return { isBatch: true, messages };
}

/** Scans one message that must not be a batch (a stdio line, an SSE event). Throws as `scanBody`. */
export function scanMessage(
  bytes: Buffer,
  limits: ScanLimits = DEFAULT_SCAN_LIMITS,
): ScannedMessage {
  const scanned = scanBody(bytes, limits);
  if (scanned.isBatch)
    throw new GatewayError('GW_BAD_REQUEST', { hint: 'Batches are not allowed here.' });
  return scanned.message;
}

/** A copy of `bytes` with `range` replaced by the JSON text of `value`. */
export function spliceValue(bytes: Buffer, range: ByteRange, value: unknown): Buffer {
  return Buffer.concat([
    bytes.subarray(0, range.start),
    Buffer.from(JSON.stringify(value)),
    bytes.subarray(range.end),
  ]);
}

/** Reads an id token: a string of at most 256 bytes or a safe integer; null for anything else. */
function readId(bytes: Buffer, start: number, end: number): JsonRpcId | null {
  if (end - start > MAX_ID_BYTES + 2) return null;
  if (bytes[start] === QUOTE) return decodeString(bytes, start, end);
  const text = bytes.toString('latin1', start, end);
  if (!/^-?\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

function decodeString(bytes: Buffer, start: number, end: number): string {
  for (let i = start + 1; i < end - 1; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80) {
      return String(JSON.parse(bytes.toString('utf8', start, end)));
    }
  }
  return bytes.toString('latin1', start + 1, end - 1);
}

/** Mutable twin of ScannedMessage while it is being filled. */
type Draft = { -readonly [Key in keyof ScannedMessage]: ScannedMessage[Key] };

class Scanner {
  readonly #bytes: Buffer;
  readonly #limits: ScanLimits;
  #at = 0;
  #tokens = 0;
  #depth = 0;
  /** Set as soon as it is known, so that every refusal can echo it. */
  #errorId: JsonRpcId | null = null;

  constructor(bytes: Buffer, limits: ScanLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  /** The next significant byte, not consumed; -1 at the end. */
  peek(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at] ?? -1;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at += 1;
      byte = bytes[at] ?? -1;
    }
    this.#at = at;
    return byte;
  }

  expectEnd(): void {
    if (this.peek() !== -1) throw this.#notJson();
  }

  batch(): ScannedMessage[] {
    const messages: ScannedMessage[] = [];
    this.#at += 1;
    this.#enter();
    if (this.peek() === 0x5d) throw this.#invalid('A batch must not be empty.');
    for (;;) {
      if (messages.length === this.#limits.maxBatch) {
        throw this.#invalid(`A batch holds at most ${this.#limits.maxBatch} messages.`);
      }
      messages.push(this.message());
      this.#errorId = null;
      const byte = this.peek();
      this.#at += 1;
      if (byte === 0x5d) break;
      if (byte !== 0x2c) throw this.#notJson();
      this.peek();
    }
    this.#depth -= 1;
    return messages;
  }

  message(): ScannedMessage {
    const base = this.#at;
    if (this.peek() !== 0x7b) {
      this.#skipValue();
      this.expectEnd();
      throw this.#invalid('A JSON-RPC message is an object.');
    }
    const draft: Draft = {
      kind: 'request',
      bytes: this.#bytes,
      id: null,
      idRange: null,
      method: '',
      paramsRange: null,
      name: null,
      uri: null,
      taskId: null,
      cancelledId: null,
      cancelledIdRange: null,
      progressOf: null,
      progressOfRange: null,
      metaRange: null,
      hasEnvelope: false,
      protocolVersion: null,
      hasClientCapabilities: false,
      progressToken: null,
      progressTokenRange: null,
      initializeVersion: null,
      isError: false,
    };
    const start = this.#at;
    const seen = this.#object(ROOT_KEYS, (key, from, to) => {
      this.#rootMember(draft, key, from, to);
    });
    if (base > 0 || start > 0 || this.#at < this.#bytes.length) this.#rebase(draft, start);
    this.#finish(draft, seen);
    return draft;
  }

  /** Members of a batch get their own bytes; ranges then count from there. */
  #rebase(draft: Draft, start: number): void {
    draft.bytes = this.#bytes.subarray(start, this.#at);
    if (start === 0) return;
    const moved = (range: ByteRange | null): ByteRange | null =>
      range === null ? null : { start: range.start - start, end: range.end - start };
    draft.idRange = moved(draft.idRange);
    draft.paramsRange = moved(draft.paramsRange);
    draft.cancelledIdRange = moved(draft.cancelledIdRange);
    draft.progressOfRange = moved(draft.progressOfRange);
    draft.metaRange = moved(draft.metaRange);
    draft.progressTokenRange = moved(draft.progressTokenRange);
  }

  #finish(draft: Draft, seen: number): void {
    const has = (key: (typeof ROOT_KEYS)[number]): boolean =>
      (seen & (1 << ROOT_KEYS.indexOf(key))) !== 0;
    if (!has('jsonrpc')) throw this.#invalid('"jsonrpc" must be "2.0".');
    if (has('method')) {
      if (has('result') || has('error')) {
        throw this.#invalid('A message is a request or a response, not both.');
      }
      draft.kind = has('id') ? 'request' : 'notification';
      return;
    }
    if (!has('result') && !has('error')) throw this.#invalid('"method" is missing.');
    if (has('result') && has('error')) throw this.#invalid('A response has a result or an error.');
    if (!has('id')) throw this.#invalid('A response needs an id.');
    draft.kind = 'response';
    draft.isError = has('error');
  }

  #rootMember(draft: Draft, key: number, from: number, to: number): void {
    const bytes = this.#bytes;
    switch (ROOT_KEYS[key]) {
      case 'jsonrpc':
        if (bytes.toString('latin1', from, to) !== '"2.0"')
          throw this.#invalid('"jsonrpc" must be "2.0".');
        return;
      case 'id':
        draft.id = readId(bytes, from, to);
        // Only an error response to an unreadable request may say null (JSON-RPC 2.0 §5).
        if (draft.id === null && bytes.toString('latin1', from, to) !== 'null') throw this.#badId();
        draft.idRange = { start: from, end: to };
        this.#errorId = draft.id;
        return;
      case 'method':
        if (bytes[from] !== QUOTE) throw this.#invalid('"method" must be a string.');
        if (to - from > MAX_METHOD_BYTES) throw this.#invalid('"method" is too long.');
        draft.method = decodeString(bytes, from, to);
        if (draft.method === '') throw this.#invalid('"method" must not be empty.');
        return;
      case 'params':
        if (bytes[from] !== 0x7b) throw this.#invalid('"params" must be an object.');
        draft.paramsRange = { start: from, end: to };
        this.#readInside(from, to, PARAMS_KEYS, (inner, start, end) => {
          this.#paramsMember(draft, inner, start, end);
        });
        return;
      default:
    }
  }

  #paramsMember(draft: Draft, key: number, from: number, to: number): void {
    const bytes = this.#bytes;
    const isString = bytes[from] === QUOTE;
    switch (PARAMS_KEYS[key]) {
      case 'name':
        if (isString) draft.name = decodeString(bytes, from, to);
        return;
      case 'uri':
        if (isString) draft.uri = decodeString(bytes, from, to);
        return;
      case 'taskId':
        if (isString) draft.taskId = decodeString(bytes, from, to);
        return;
      case 'requestId':
        draft.cancelledId = readId(bytes, from, to);
        draft.cancelledIdRange = { start: from, end: to };
        return;
      case 'progressToken':
        draft.progressOf = readId(bytes, from, to);
        draft.progressOfRange = { start: from, end: to };
        return;
      case 'protocolVersion':
        if (isString) draft.initializeVersion = decodeString(bytes, from, to);
        return;
      case '_meta':
        if (bytes[from] !== 0x7b) throw this.#invalid('"params._meta" must be an object.');
        draft.metaRange = { start: from, end: to };
        this.#readInside(from, to, META_KEYS, (inner, start, end) => {
          this.#metaMember(draft, inner, start, end);
        });
        return;
      default:
    }
  }

  #metaMember(draft: Draft, key: number, from: number, to: number): void {
    const bytes = this.#bytes;
    switch (META_KEYS[key]) {
      case META_VERSION:
        draft.hasEnvelope = true;
        if (bytes[from] === QUOTE) draft.protocolVersion = decodeString(bytes, from, to);
        return;
      case META_CAPABILITIES:
        draft.hasClientCapabilities = bytes[from] === 0x7b;
        return;
      case 'progressToken':
        draft.progressToken = readId(bytes, from, to);
        draft.progressTokenRange = { start: from, end: to };
        return;
      default:
    }
  }

  /** Reads an object that was already skipped (and so validated) once, for its decision keys. */
  #readInside(
    from: number,
    to: number,
    keys: readonly string[],
    visit: (key: number, from: number, to: number) => void,
  ): void {
    const tokens = this.#tokens;
    this.#at = from;
    this.#object(keys, visit);
    this.#at = to;
    this.#tokens = tokens;
  }

  /** Walks the object at the cursor; returns the set of decision keys seen, as bits. */
  #object(keys: readonly string[], visit: (key: number, from: number, to: number) => void): number {
    let seen = 0;
    this.#enter();
    this.#at += 1;
    if (this.peek() === 0x7d) {
      this.#at += 1;
      this.#depth -= 1;
      return seen;
    }
    for (;;) {
      if (this.peek() !== QUOTE) throw this.#notJson();
      const keyStart = this.#at;
      this.#skipString();
      const key = this.#decisionKey(keys, keyStart, this.#at);
      if (this.peek() !== 0x3a) throw this.#notJson();
      this.#at += 1;
      this.peek();
      const from = this.#at;
      this.#skipValue();
      if (key !== -1) {
        const bit = 1 << key;
        if ((seen & bit) !== 0) throw this.#invalid(`"${keys[key] ?? ''}" appears twice.`);
        seen |= bit;
        visit(key, from, this.#at);
      }
      const byte = this.peek();
      this.#at += 1;
      if (byte === 0x7d) break;
      if (byte !== 0x2c) throw this.#notJson();
    }
    this.#depth -= 1;
    return seen;
  }

  /** Index of the decision key this token spells, -1 for another key; refuses look-alikes. */
  #decisionKey(keys: readonly string[], start: number, end: number): number {
    const bytes = this.#bytes;
    const length = end - start - 2;
    for (let i = start + 1; i < end - 1; i += 1) {
      const byte = bytes[i] ?? 0;
      if (byte === BACKSLASH || byte >= 0x80) return this.#unusualKey(keys, start, end);
    }
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] ?? '';
      if (key.length !== length) continue;
      let isExact = true;
      let isSame = true;
      for (let i = 0; i < length && isSame; i += 1) {
        const have = bytes[start + 1 + i] ?? 0;
        const want = key.charCodeAt(i);
        if (have === want) continue;
        isExact = false;
        isSame = asciiLower(have) === asciiLower(want);
      }
      if (!isSame) continue;
      if (isExact) return index;
      throw this.#lookAlike(key);
    }
    return -1;
  }

  #unusualKey(keys: readonly string[], start: number, end: number): number {
    const decoded = String(JSON.parse(this.#bytes.toString('utf8', start, end)));
    // Long s and the Kelvin sign fold to ASCII in case-insensitive matchers (Go's EqualFold).
    const folded = decoded.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
    const key = keys.find((each) => each.toLowerCase() === folded);
    if (key !== undefined) throw this.#lookAlike(key);
    return -1;
  }

  #skipValue(): void {
    this.#tokens += 1;
    if (this.#tokens > this.#limits.maxTokens) {
      throw this.#invalid(`The body has more than ${this.#limits.maxTokens} JSON values.`);
    }
    const byte = this.peek();
    if (byte === QUOTE) this.#skipString();
    else if (byte === 0x7b) this.#skipObject();
    else if (byte === 0x5b) this.#skipArray();
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.#skipNumber();
    else this.#skipLiteral(byte);
  }

  #skipObject(): void {
    this.#enter();
    this.#at += 1;
    if (this.peek() === 0x7d) {
      this.#at += 1;
      this.#depth -= 1;
      return;
    }
    for (;;) {
      if (this.peek() !== QUOTE) throw this.#notJson();
      this.#skipString();
      if (this.peek() !== 0x3a) throw this.#notJson();
      this.#at += 1;
      this.#skipValue();
      const byte = this.peek();
      this.#at += 1;
      if (byte === 0x7d) break;
      if (byte !== 0x2c) throw this.#notJson();
    }
    this.#depth -= 1;
  }

  #skipArray(): void {
    this.#enter();
    this.#at += 1;
    if (this.peek() === 0x5d) {
      this.#at += 1;
      this.#depth -= 1;
      return;
    }
    for (;;) {
      this.#skipValue();
      const byte = this.peek();
      this.#at += 1;
      if (byte === 0x5d) break;
      if (byte !== 0x2c) throw this.#notJson();
    }
    this.#depth -= 1;
  }

  /** The cursor stands on the opening quote; afterwards behind the closing one. */
  #skipString(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    const shortEnd = Math.min(bytes.length, start + SHORT_STRING_BYTES);
    for (let at = start + 1; at < shortEnd; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (byte < 0x20) throw this.#notJson();
      if (byte === BACKSLASH) break;
    }
    this.#skipLongString(start);
  }

  /** Finds the end natively, then lets JSON.parse judge escapes and control characters. */
  #skipLongString(start: number): void {
    const bytes = this.#bytes;
    let quote = start;
    for (;;) {
      quote = bytes.indexOf(QUOTE, quote + 1);
      if (quote === -1) throw this.#notJson();
      let backslashes = 0;
      while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
      if (backslashes % 2 === 0) break;
    }
    try {
      JSON.parse(bytes.toString('latin1', start, quote + 1));
    } catch (cause) {
      throw this.#notJson(cause);
    }
    this.#at = quote + 1;
  }

  #skipNumber(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    const digits = (): void => {
      const from = at;
      while (isDigit(bytes[at])) at += 1;
      if (at === from) throw this.#notJson();
    };
    if (bytes[at] === 0x2d) at += 1;
    if (bytes[at] === 0x30) at += 1;
    else digits();
    if (bytes[at] === 0x2e) {
      at += 1;
      digits();
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at += 1;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1;
      digits();
    }
    this.#at = at;
  }

  #skipLiteral(byte: number): void {
    const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : byte === 0x6e ? 'null' : '';
    const end = this.#at + word.length;
    if (word === '' || this.#bytes.toString('latin1', this.#at, end) !== word)
      throw this.#notJson();
    this.#at = end;
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#limits.maxDepth) {
      throw this.#invalid(`The body is nested deeper than ${this.#limits.maxDepth} levels.`);
    }
  }

  #notJson(cause?: unknown): GatewayError {
    return new GatewayError('GW_PARSE', { hint: `The fault is near byte ${this.#at}.`, cause });
  }

  #invalid(hint: string): GatewayError {
    return new GatewayError('GW_BAD_REQUEST', { hint, data: { id: this.#errorId } });
  }

  #badId(): GatewayError {
    return this.#invalid('"id" must be a string of at most 256 bytes or a safe integer.');
  }

  #lookAlike(key: string): GatewayError {
    return this.#invalid(`A key looks like "${key}" but is spelt otherwise; write it plainly.`);
  }
}

function asciiLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
