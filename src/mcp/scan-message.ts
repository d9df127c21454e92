/**
 * Finds, in the bytes of a JSON-RPC body, the few members the gateway decides upon, without building
 * objects: the bytes are then forwarded as they came, so big integers and number spellings survive.
 * json-cursor.ts refuses bodies that another reader might understand differently.
 */
import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../kernel/errors.js';
import { decodeString, JsonCursor, type CursorLimits, type KeyVisitor } from './json-cursor.js';

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

export interface ScanLimits extends CursorLimits {
  /** Messages in one batch. */
  readonly maxBatch: number;
}

export const DEFAULT_SCAN_LIMITS: ScanLimits = { maxDepth: 64, maxTokens: 100_000, maxBatch: 100 };

/** A tool's result may be large and deep; its bytes are bounded before. */
export const SERVER_SCAN_LIMITS: ScanLimits = {
  maxDepth: 1000,
  maxTokens: 10_000_000,
  maxBatch: 1,
};

export type ScannedBody =
  | { readonly isBatch: false; readonly message: ScannedMessage }
  | { readonly isBatch: true; readonly messages: readonly ScannedMessage[] };

const META_VERSION = 'io.modelcontextprotocol/protocolVersion';
const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/** The visitors below switch on the place in these lists. */
const ROOT_KEYS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
const HAS_JSONRPC = 1;
const HAS_ID = 2;
const HAS_METHOD = 4;
const HAS_RESULT = 16;
const HAS_ERROR = 32;
const PARAMS_KEYS = [
  'name',
  'uri',
  'taskId',
  'requestId',
  'progressToken',
  'protocolVersion',
  '_meta',
];
const META_KEYS = [META_VERSION, META_CAPABILITIES, 'progressToken'];

const MAX_ID_BYTES = 256;
const MAX_METHOD_BYTES = 256;
const HALF_PAIR = /\p{Surrogate}/u;

/**
 * Scans a whole HTTP body. Throws GW_PARSE when it is not JSON, GW_BAD_REQUEST when it is not
 * JSON-RPC 2.0 or breaks a limit; `data.id` of the error is the request's id where it could be read.
 */
export function scanBody(body: Buffer, limits: ScanLimits = DEFAULT_SCAN_LIMITS): ScannedBody {
  if (!isUtf8(body)) throw new GatewayError('GW_PARSE', { hint: 'It must be UTF-8.' });
  const cursor = new JsonCursor(body, limits);
  if (!cursor.isAtArray()) {
    const message = new MessageScan(cursor).run();
    cursor.expectEnd();
    return { isBatch: false, message };
  }
  const messages: ScannedMessage[] = [];
  cursor.walkArray((index) => {
    if (index === limits.maxBatch) {
      throw invalid(`A batch holds at most ${limits.maxBatch} messages.`, null);
    }
    messages.push(new MessageScan(cursor).run());
  });
  cursor.expectEnd();
  if (messages.length === 0) throw invalid('A batch must not be empty.', null);
  return { isBatch: true, messages };
}

/** Scans one message that must not be a batch (a stdio line, an SSE event). Throws as `scanBody`. */
export function scanMessage(
  bytes: Buffer,
  limits: ScanLimits = DEFAULT_SCAN_LIMITS,
): ScannedMessage {
  const scanned = scanBody(bytes, limits);
  if (scanned.isBatch) throw invalid('Batches are not allowed here.', null);
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

/** Mutable twin of ScannedMessage while it is being filled. */
type Draft = { -readonly [Key in keyof ScannedMessage]: ScannedMessage[Key] };

type Level = 'root' | 'params' | 'meta';

class MessageScan implements KeyVisitor<Level> {
  readonly #cursor: JsonCursor;
  /** Ranges count from here. */
  #start = 0;
  readonly #draft: Draft;

  constructor(cursor: JsonCursor) {
    this.#cursor = cursor;
    this.#draft = {
      kind: 'request',
      bytes: cursor.bytes,
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
  }

  /** The cursor stands before the message; afterwards behind it. */
  run(): ScannedMessage {
    const cursor = this.#cursor;
    if (!cursor.isAtObject()) {
      cursor.skipValue();
      throw invalid('A JSON-RPC message is an object.', null);
    }
    this.#start = cursor.at;
    const seen = this.#walkRoot();
    const isWholeBody = this.#start === 0 && cursor.at === cursor.bytes.length;
    if (!isWholeBody) this.#draft.bytes = cursor.bytes.subarray(this.#start, cursor.at);
    this.#finish(seen);
    return this.#draft;
  }

  visitKey(level: Level, key: number): void {
    if (level === 'root') this.#visitRoot(key);
    else if (level === 'params') this.#visitParams(key);
    else this.#visitMeta(key);
  }

  /** A refusal from within names the id, if it was read by then. */
  #walkRoot(): number {
    try {
      return this.#cursor.walkObject(ROOT_KEYS, 'root', this);
    } catch (thrown) {
      const isBare = thrown instanceof GatewayError && thrown.options.data === undefined;
      if (!isBare || thrown.code !== 'GW_BAD_REQUEST') throw thrown;
      const { hint = '' } = thrown.options;
      throw invalid(hint, this.#draft.id);
    }
  }

  #finish(seen: number): void {
    const { id } = this.#draft;
    if ((seen & HAS_JSONRPC) === 0) throw invalid('"jsonrpc" must be "2.0".', id);
    const hasId = (seen & HAS_ID) !== 0;
    const outcome = seen & (HAS_RESULT | HAS_ERROR);
    if ((seen & HAS_METHOD) !== 0) {
      if (outcome !== 0) throw invalid('A message is a request or a response, not both.', id);
      if (hasId && id === null) throw badId();
      this.#draft.kind = hasId ? 'request' : 'notification';
      return;
    }
    if (outcome === 0) throw invalid('"method" is missing.', id);
    if (outcome === (HAS_RESULT | HAS_ERROR)) {
      throw invalid('A response has a result or an error.', id);
    }
    if (!hasId) throw invalid('A response needs an id.', id);
    this.#draft.kind = 'response';
    this.#draft.isError = outcome === HAS_ERROR;
  }

  #visitRoot(key: number): void {
    const cursor = this.#cursor;
    switch (key) {
      case 0:
        if (this.#token() !== '"2.0"') throw invalid('"jsonrpc" must be "2.0".', this.#draft.id);
        return;
      case 1:
        this.#readRootId();
        return;
      case 2:
        this.#draft.method = this.#readMethod();
        return;
      case 3: {
        if (!cursor.isAtObject()) throw invalid('"params" must be an object.', this.#draft.id);
        const from = cursor.at;
        cursor.walkObject(PARAMS_KEYS, 'params', this);
        this.#draft.paramsRange = this.#range(from);
        return;
      }
      default:
        cursor.skipValue();
    }
  }

  #visitParams(key: number): void {
    const draft = this.#draft;
    const from = this.#cursor.at;
    switch (key) {
      case 0:
        draft.name = this.#string();
        return;
      case 1:
        draft.uri = this.#string();
        return;
      case 2:
        draft.taskId = this.#string();
        return;
      case 3:
        draft.cancelledId = this.#id();
        draft.cancelledIdRange = this.#range(from);
        return;
      case 4:
        draft.progressOf = this.#id();
        draft.progressOfRange = this.#range(from);
        return;
      case 5:
        draft.initializeVersion = this.#string();
        return;
      default:
        if (!this.#cursor.isAtObject()) {
          throw invalid('"params._meta" must be an object.', draft.id);
        }
        this.#cursor.walkObject(META_KEYS, 'meta', this);
        draft.metaRange = this.#range(from);
    }
  }

  #visitMeta(key: number): void {
    const draft = this.#draft;
    const from = this.#cursor.at;
    switch (key) {
      case 0:
        draft.hasEnvelope = true;
        draft.protocolVersion = this.#string();
        return;
      case 1:
        draft.hasClientCapabilities = this.#cursor.isAtObject();
        this.#cursor.skipValue();
        return;
      default:
        draft.progressToken = this.#id();
        draft.progressTokenRange = this.#range(from);
    }
  }

  #readRootId(): void {
    const from = this.#cursor.at;
    const id = this.#id();
    const range = this.#range(from);
    // Only an error response to an unreadable request may say null (JSON-RPC 2.0 §5).
    const isNull = this.#cursor.bytes[from] === 0x6e;
    if (id === null && !isNull) throw badId();
    this.#draft.id = id;
    this.#draft.idRange = range;
  }

  #readMethod(): string {
    const { id } = this.#draft;
    const from = this.#cursor.at;
    const method = this.#string();
    if (method === null) throw invalid('"method" must be a string.', id);
    if (this.#cursor.at - from > MAX_METHOD_BYTES) throw invalid('"method" is too long.', id);
    if (method === '') throw invalid('"method" must not be empty.', id);
    return method;
  }

  /** Consumes a value; its text when it is a string, else null. */
  #string(): string | null {
    const cursor = this.#cursor;
    const from = cursor.at;
    const isString = cursor.isAtString();
    cursor.skipValue();
    return isString ? decodeString(cursor.bytes, from, cursor.at) : null;
  }

  /** Consumes a value; null unless it is a string of at most 256 bytes, without half pairs, or a safe integer. */
  #id(): JsonRpcId | null {
    const cursor = this.#cursor;
    const from = cursor.at;
    const isString = cursor.isAtString();
    cursor.skipValue();
    if (cursor.at - from > MAX_ID_BYTES + 2) return null;
    if (isString) {
      const id = decodeString(cursor.bytes, from, cursor.at);
      // Half a surrogate pair has no UTF-8: servers in Go answer with U+FFFD, others fail over it.
      return HALF_PAIR.test(id) ? null : id;
    }
    const text = cursor.bytes.toString('latin1', from, cursor.at);
    if (!/^-?\d+$/.test(text)) return null;
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : null;
  }

  #token(): string {
    const from = this.#cursor.at;
    this.#cursor.skipValue();
    return this.#cursor.bytes.toString('latin1', from, this.#cursor.at);
  }

  #range(from: number): ByteRange {
    return { start: from - this.#start, end: this.#cursor.at - this.#start };
  }
}

function invalid(hint: string, id: JsonRpcId | null): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', { hint, data: { id } });
}

function badId(): GatewayError {
  return invalid(
    '"id" must be a string of at most 256 bytes, without half surrogate pairs, or a safe integer.',
    null,
  );
}
