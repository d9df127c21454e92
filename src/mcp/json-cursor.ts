/**
 * Walks over JSON text byte by byte, strictly (RFC 8259), without building values. It visits chosen keys
 * of an object in one pass and refuses what another reader may take for one of them: the same key
 * twice, escaped, or in another case (CVE-2026-27896). Depth and number of values are bounded, because
 * 20 kB of brackets stall a later JSON.parse and break structuredClone (RELIABILITY §13 of the design).
 */
import { GatewayError } from '../kernel/errors.js';

/** Who is told of the chosen keys of an object; one object for a whole walk, so that nothing is made per key. */
export interface KeyVisitor<Level> {
  /** `key` is the index in the list of keys. The cursor stands at the value and must be moved behind it. */
  visitKey(level: Level, key: number): void;
}

export interface CursorLimits {
  /** Nesting of arrays and objects. */
  readonly maxDepth: number;
  /** Values in total. */
  readonly maxTokens: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
/** Below this a byte loop is cheaper than three native calls (measured). */
const SHORT_STRING_BYTES = 64;

/** Every method throws GW_PARSE for text that is not JSON, and GW_BAD_REQUEST past a limit. */
export class JsonCursor {
  readonly bytes: Buffer;
  /** Where the next byte is read. */
  at = 0;
  readonly #limits: CursorLimits;
  #tokens = 0;
  #depth = 0;

  constructor(bytes: Buffer, limits: CursorLimits) {
    this.bytes = bytes;
    this.#limits = limits;
  }

  /** The next significant byte, not consumed; -1 at the end. */
  peek(): number {
    const { bytes } = this;
    let { at } = this;
    let byte = bytes[at] ?? -1;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at += 1;
      byte = bytes[at] ?? -1;
    }
    this.at = at;
    return byte;
  }

  isAtObject(): boolean {
    return this.peek() === OPEN_BRACE;
  }

  isAtArray(): boolean {
    return this.peek() === OPEN_BRACKET;
  }

  isAtString(): boolean {
    return this.peek() === QUOTE;
  }

  expectEnd(): void {
    if (this.peek() !== -1) throw this.notJson();
  }

  /** Walks the object at the cursor and tells of each key that is in `keys`. Returns the keys seen, as bits. */
  walkObject<Level>(keys: readonly string[], level: Level, visitor: KeyVisitor<Level>): number {
    let seen = 0;
    this.#enter();
    if (this.peek() !== CLOSE_BRACE) {
      for (;;) {
        const key = this.#key(keys);
        this.peek();
        if (key === -1) this.skipValue();
        else {
          const bit = 1 << key;
          if ((seen & bit) !== 0) throw refused(`"${keys[key] ?? ''}" appears twice.`);
          seen |= bit;
          visitor.visitKey(level, key);
        }
        if (!this.#hasMore(CLOSE_BRACE)) return seen;
      }
    }
    this.#leave();
    return seen;
  }

  /** Walks the array at the cursor; `visit` must move the cursor behind each element. */
  walkArray(visit: (index: number) => void): void {
    this.#enter();
    if (this.peek() === CLOSE_BRACKET) {
      this.#leave();
      return;
    }
    for (let index = 0; ; index += 1) {
      this.peek();
      visit(index);
      if (!this.#hasMore(CLOSE_BRACKET)) return;
    }
  }

  skipValue(): void {
    this.#tokens += 1;
    if (this.#tokens > this.#limits.maxTokens) {
      throw refused(`The body has more than ${this.#limits.maxTokens} JSON values.`);
    }
    const byte = this.peek();
    if (byte === QUOTE) this.#skipString();
    else if (byte === OPEN_BRACE) this.#skipObject();
    else if (byte === OPEN_BRACKET) this.#skipArray();
    else if (byte === 0x2d || isDigit(byte)) this.#skipNumber();
    else this.#skipLiteral(byte);
  }

  notJson(cause?: unknown): GatewayError {
    return new GatewayError('GW_PARSE', { hint: `The fault is near byte ${this.at}.`, cause });
  }

  /** Consumes `"key" :`; the index of the key in `keys`, or -1. */
  #key(keys: readonly string[]): number {
    if (this.peek() !== QUOTE) throw this.notJson();
    const start = this.at;
    this.#skipString();
    const key = matchKey(this.bytes, start, this.at, keys);
    if (this.peek() !== COLON) throw this.notJson();
    this.at += 1;
    return key;
  }

  /** Consumes a comma (true) or the closing byte (false). */
  #hasMore(close: number): boolean {
    const byte = this.peek();
    if (byte === COMMA) {
      this.at += 1;
      return true;
    }
    if (byte !== close) throw this.notJson();
    this.#leave();
    return false;
  }

  #skipObject(): void {
    this.#enter();
    if (this.peek() === CLOSE_BRACE) {
      this.#leave();
      return;
    }
    do {
      if (this.peek() !== QUOTE) throw this.notJson();
      this.#skipString();
      if (this.peek() !== COLON) throw this.notJson();
      this.at += 1;
      this.skipValue();
    } while (this.#hasMore(CLOSE_BRACE));
  }

  #skipArray(): void {
    this.#enter();
    if (this.peek() === CLOSE_BRACKET) {
      this.#leave();
      return;
    }
    do this.skipValue();
    while (this.#hasMore(CLOSE_BRACKET));
  }

  /** The cursor stands on the opening quote; afterwards behind the closing one. */
  #skipString(): void {
    const { bytes, at: start } = this;
    const shortEnd = Math.min(bytes.length, start + SHORT_STRING_BYTES);
    for (let at = start + 1; at < shortEnd; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        this.at = at + 1;
        return;
      }
      if (byte < 0x20) throw this.notJson();
      if (byte === BACKSLASH) break;
    }
    this.#skipLongString(start);
  }

  /** Finds the end natively, then lets JSON.parse judge escapes and control characters. */
  #skipLongString(start: number): void {
    const { bytes } = this;
    let quote = start;
    for (;;) {
      quote = bytes.indexOf(QUOTE, quote + 1);
      if (quote === -1) throw this.notJson();
      let backslashes = 0;
      while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
      if (backslashes % 2 === 0) break;
    }
    try {
      JSON.parse(bytes.toString('latin1', start, quote + 1));
    } catch (cause) {
      throw this.notJson(cause);
    }
    this.at = quote + 1;
  }

  #skipNumber(): void {
    const { bytes } = this;
    if (bytes[this.at] === 0x2d) this.at += 1;
    if (bytes[this.at] === 0x30) this.at += 1;
    else this.#skipDigits();
    if (bytes[this.at] === 0x2e) {
      this.at += 1;
      this.#skipDigits();
    }
    if (bytes[this.at] === 0x65 || bytes[this.at] === 0x45) {
      this.at += 1;
      if (bytes[this.at] === 0x2b || bytes[this.at] === 0x2d) this.at += 1;
      this.#skipDigits();
    }
  }

  #skipDigits(): void {
    const start = this.at;
    while (isDigit(this.bytes[this.at] ?? 0)) this.at += 1;
    if (this.at === start) throw this.notJson();
  }

  #skipLiteral(byte: number): void {
    const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : byte === 0x6e ? 'null' : '';
    const end = this.at + word.length;
    if (word === '' || this.bytes.toString('latin1', this.at, end) !== word) throw this.notJson();
    this.at = end;
  }

  /** Consumes an opening byte. */
  #enter(): void {
    this.at += 1;
    this.#depth += 1;
    if (this.#depth > this.#limits.maxDepth) {
      throw refused(`The body is nested deeper than ${this.#limits.maxDepth} levels.`);
    }
  }

  /** Consumes a closing byte. */
  #leave(): void {
    this.at += 1;
    this.#depth -= 1;
  }
}

/** The text of a string token, quotes included in the range. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  for (let i = start + 1; i < end - 1; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80) {
      return String(JSON.parse(bytes.toString('utf8', start, end)));
    }
  }
  return bytes.toString('latin1', start + 1, end - 1);
}

/** Index of the key this token spells, -1 for another key; refuses look-alikes. */
function matchKey(bytes: Buffer, start: number, end: number, keys: readonly string[]): number {
  const length = end - start - 2;
  for (let i = start + 1; i < end - 1; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80) return matchUnusualKey(bytes, start, end, keys);
  }
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    if (key.length !== length) continue;
    const likeness = compareKey(bytes, start + 1, key);
    if (likeness === 'same') return index;
    if (likeness === 'alike') throw lookAlike(key);
  }
  return -1;
}

function compareKey(bytes: Buffer, start: number, key: string): 'same' | 'alike' | 'other' {
  let isSame = true;
  for (let i = 0; i < key.length; i += 1) {
    const have = bytes[start + i] ?? 0;
    const want = key.charCodeAt(i);
    if (have === want) continue;
    if (asciiLower(have) !== asciiLower(want)) return 'other';
    isSame = false;
  }
  return isSame ? 'same' : 'alike';
}

function matchUnusualKey(
  bytes: Buffer,
  start: number,
  end: number,
  keys: readonly string[],
): number {
  const decoded = decodeString(bytes, start, end);
  // Long s and the Kelvin sign fold to ASCII in case-insensitive matchers (Go's EqualFold).
  const folded = decoded.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
  const key = keys.find((each) => each.toLowerCase() === folded);
  if (key !== undefined) throw lookAlike(key);
  return -1;
}

function refused(hint: string): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', { hint });
}

function lookAlike(key: string): GatewayError {
  return refused(`A key looks like "${key}" but is spelt otherwise; write it plainly.`);
}

function asciiLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
