/**
 * Takes names out of what a server says: the entries of a list, and updates of one resource. Works on the
 * bytes, so that whatever stays is as the server wrote it (big integers in schemas, key order). A list some of
 * whose callers see less is no more anybody's: its `cacheScope` becomes private (MCP 2026-07-28, caching).
 */
import { GatewayError } from '../kernel/errors.js';
import { decodeString, JsonCursor, type KeyVisitor } from './json-cursor.js';
import type { NamedKind } from './named-target.js';
import type { ByteRange } from './scan-message.js';

export type AdmitsName = (kind: NamedKind, name: string) => boolean;

/**
 * The message to pass on: the same buffer when nothing of it is hidden, null when nobody may see it.
 * Throws a GatewayError when it cannot be read for certain; it must not be passed on then.
 */
export function withoutHidden(message: Buffer, admits: AdmitsName): Buffer | null {
  return new ListScan(message, admits).run();
}

const ROOT_KEYS = ['result', 'method', 'params'];
const RESULT_KEYS = ['tools', 'prompts', 'resources', 'resourceTemplates', 'cacheScope'];
const LISTS: readonly (readonly [kind: NamedKind, nameKey: string])[] = [
  ['tools', 'name'],
  ['prompts', 'name'],
  ['resources', 'uri'],
  ['resources', 'uriTemplate'],
];
/** A server's lists may be larger and deeper than a client's requests; their bytes are bounded before. */
const LIMITS = { maxDepth: 1000, maxTokens: 10_000_000 };
const PRIVATE = Buffer.from('"private"');

type Level = 'root' | 'result' | 'entry' | 'params';

interface Replacement {
  readonly range: ByteRange;
  readonly bytes: readonly Buffer[];
}

class ListScan implements KeyVisitor<Level> {
  readonly #bytes: Buffer;
  readonly #admits: AdmitsName;
  readonly #cursor: JsonCursor;
  readonly #replacements: Replacement[] = [];
  #entryName: string | null = null;
  #method: string | null = null;
  #uri: string | null = null;
  #hasList = false;
  #scope: ByteRange | null = null;

  constructor(bytes: Buffer, admits: AdmitsName) {
    this.#bytes = bytes;
    this.#admits = admits;
    this.#cursor = new JsonCursor(bytes, LIMITS);
  }

  run(): Buffer | null {
    const cursor = this.#cursor;
    // An array could carry a list past us: batches are answered one by one where rules apply.
    if (!cursor.isAtObject()) throw unreadable('It is no single JSON-RPC message.');
    cursor.walkObject(ROOT_KEYS, 'root', this);
    cursor.expectEnd();
    if (this.#method === 'notifications/resources/updated') {
      return this.#uri !== null && this.#admits('resources', this.#uri) ? this.#bytes : null;
    }
    if (this.#hasList && this.#scope !== null) {
      this.#replacements.push({ range: this.#scope, bytes: [PRIVATE] });
    }
    return this.#replacements.length === 0 ? this.#bytes : this.#rebuilt();
  }

  visitKey(level: Level, key: number): void {
    const cursor = this.#cursor;
    if (level === 'entry') this.#entryName = this.#string();
    else if (level === 'params') this.#uri = this.#string();
    else if (level === 'result') this.#visitResult(key);
    else if (key === 1) this.#method = this.#string();
    else if (cursor.isAtObject()) {
      if (key === 0) cursor.walkObject(RESULT_KEYS, 'result', this);
      else cursor.walkObject(['uri'], 'params', this);
    } else cursor.skipValue();
  }

  #visitResult(key: number): void {
    const cursor = this.#cursor;
    const list = LISTS[key];
    if (list !== undefined) {
      if (!cursor.isAtArray()) throw unreadable(`"${RESULT_KEYS[key] ?? ''}" is no array.`);
      this.#filterList(list[0], [list[1]]);
      return;
    }
    const start = cursor.at;
    if (this.#string() !== 'private') this.#scope = { start, end: cursor.at };
  }

  #filterList(kind: NamedKind, nameKey: readonly string[]): void {
    const cursor = this.#cursor;
    const from = cursor.at;
    const kept: ByteRange[] = [];
    let entries = 0;
    cursor.walkArray(() => {
      const start = cursor.at;
      this.#entryName = null;
      if (cursor.isAtObject()) cursor.walkObject(nameKey, 'entry', this);
      else cursor.skipValue();
      if (this.#isAdmitted(kind, this.#entryName)) kept.push({ start, end: cursor.at });
      entries += 1;
    });
    this.#hasList = true;
    if (kept.length === entries) return;
    const bytes = kept.flatMap(({ start, end }, index) =>
      index === 0 ? [this.#bytes.subarray(start, end)] : [COMMA, this.#bytes.subarray(start, end)],
    );
    this.#replacements.push({
      range: { start: from, end: cursor.at },
      bytes: [OPEN, ...bytes, CLOSE],
    });
  }

  /** A parameter, so that the compiler does not take the name for the null it was set to. */
  #isAdmitted(kind: NamedKind, name: string | null): boolean {
    return name !== null && this.#admits(kind, name);
  }

  #rebuilt(): Buffer {
    const pieces: Buffer[] = [];
    let at = 0;
    for (const { range, bytes } of this.#replacements.toSorted(byStart)) {
      pieces.push(this.#bytes.subarray(at, range.start), ...bytes);
      at = range.end;
    }
    pieces.push(this.#bytes.subarray(at));
    return Buffer.concat(pieces);
  }

  /** Consumes a value; its text when it is a string, else null. */
  #string(): string | null {
    const cursor = this.#cursor;
    const isString = cursor.isAtString();
    const from = cursor.at;
    cursor.skipValue();
    return isString ? decodeString(cursor.bytes, from, cursor.at) : null;
  }
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

function byStart(a: Replacement, b: Replacement): number {
  return a.range.start - b.range.start;
}

function unreadable(hint: string): GatewayError {
  return new GatewayError('GW_UPSTREAM_PROTOCOL', { hint });
}
