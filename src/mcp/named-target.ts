/**
 * Which tool, prompt or resource a message of a client is about, for rules about names. Read from the bytes
 * with the same refusal of look-alike keys as the scanner, so that the name that was judged is the name the
 * server reads. Source: MCP 2025-11-25 and 2026-07-28, server features and completion.
 */
import { decodeString, JsonCursor, type KeyVisitor } from './json-cursor.js';
import { DEFAULT_SCAN_LIMITS, type ScannedMessage } from './scan-message.js';

export type NamedKind = 'tools' | 'prompts' | 'resources';

export interface NamedTarget {
  readonly kind: NamedKind;
  /** Null where the message names nothing that could be judged, such as a number. */
  readonly name: string | null;
}

/** The kind of list that a method answers with; undefined for other methods. */
export function listedKind(method: string): NamedKind | undefined {
  return LISTED.get(method);
}

const LISTED: ReadonlyMap<string, NamedKind> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resources'],
]);

/** Null when the message is not about one named thing. Throws GW_BAD_REQUEST for ambiguous keys. */
export function namedTarget(message: ScannedMessage): NamedTarget | null {
  switch (message.method) {
    case 'tools/call':
      return { kind: 'tools', name: message.name };
    case 'prompts/get':
      return { kind: 'prompts', name: message.name };
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { kind: 'resources', name: message.uri };
    case 'completion/complete':
      return new ReferenceScan(message).run();
    default:
      return null;
  }
}

type ReferenceLevel = 'params' | 'ref';

/** `params.ref` of a completion: a prompt's name or a resource's URI or template. */
class ReferenceScan implements KeyVisitor<ReferenceLevel> {
  readonly #cursor: JsonCursor;
  #type: string | null = null;
  #name: string | null = null;
  #uri: string | null = null;

  constructor(message: ScannedMessage) {
    this.#cursor = cursorAtParams(message);
  }

  run(): NamedTarget {
    if (this.#cursor.isAtObject()) this.#cursor.walkObject(['ref'], 'params', this);
    if (this.#type === 'ref/resource') return { kind: 'resources', name: this.#uri };
    return { kind: 'prompts', name: this.#type === 'ref/prompt' ? this.#name : null };
  }

  visitKey(level: ReferenceLevel, key: number): void {
    const cursor = this.#cursor;
    if (level === 'params') {
      if (cursor.isAtObject()) cursor.walkObject(['type', 'name', 'uri'], 'ref', this);
      else cursor.skipValue();
      return;
    }
    const text = readString(cursor);
    if (key === 0) this.#type = text;
    else if (key === 1) this.#name = text;
    else this.#uri = text;
  }
}

/**
 * The message without those of its `params.notifications.resourceSubscriptions` that are not admitted;
 * the same buffer when all are. Throws GW_BAD_REQUEST for ambiguous keys.
 */
export function pruneSubscriptions(
  message: ScannedMessage,
  admits: (uri: string) => boolean,
): Buffer {
  return new SubscriptionScan(message, admits).run();
}

type SubscriptionLevel = 'params' | 'notifications';

class SubscriptionScan implements KeyVisitor<SubscriptionLevel> {
  readonly #message: ScannedMessage;
  readonly #cursor: JsonCursor;
  readonly #admits: (uri: string) => boolean;
  #kept: string[] | null = null;
  #start = 0;
  #end = 0;

  constructor(message: ScannedMessage, admits: (uri: string) => boolean) {
    this.#message = message;
    this.#admits = admits;
    this.#cursor = cursorAtParams(message);
  }

  run(): Buffer {
    if (this.#cursor.isAtObject()) this.#cursor.walkObject(['notifications'], 'params', this);
    const { bytes, paramsRange } = this.#message;
    if (this.#kept === null || paramsRange === null) return bytes;
    return Buffer.concat([
      bytes.subarray(0, paramsRange.start + this.#start),
      Buffer.from(JSON.stringify(this.#kept)),
      bytes.subarray(paramsRange.start + this.#end),
    ]);
  }

  visitKey(level: SubscriptionLevel): void {
    const cursor = this.#cursor;
    if (level === 'params') {
      const isFilter = cursor.isAtObject();
      if (isFilter) cursor.walkObject(['resourceSubscriptions'], 'notifications', this);
      else cursor.skipValue();
    } else if (cursor.isAtArray()) this.#readUris();
    else cursor.skipValue();
  }

  #readUris(): void {
    const cursor = this.#cursor;
    const kept: string[] = [];
    let entries = 0;
    this.#start = cursor.at;
    cursor.walkArray(() => {
      const uri = readString(cursor);
      if (uri !== null && this.#admits(uri)) kept.push(uri);
      entries += 1;
    });
    this.#end = cursor.at;
    if (kept.length < entries) this.#kept = kept;
  }
}

/** The scanner has bounded the message already; this reads a part of it again. */
function cursorAtParams({ bytes, paramsRange }: ScannedMessage): JsonCursor {
  const params = paramsRange === null ? EMPTY : bytes.subarray(paramsRange.start, paramsRange.end);
  return new JsonCursor(params, LIMITS);
}

const EMPTY = Buffer.from('{}');
const LIMITS = { ...DEFAULT_SCAN_LIMITS, maxDepth: 1000, maxTokens: 10_000_000 };

/** Consumes a value; its text when it is a string, else null. */
function readString(cursor: JsonCursor): string | null {
  const isString = cursor.isAtString();
  const from = cursor.at;
  cursor.skipValue();
  return isString ? decodeString(cursor.bytes, from, cursor.at) : null;
}
