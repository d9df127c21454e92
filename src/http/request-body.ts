/**
 * The body of one request as its bytes arrive: counted whether or not anyone wants them, kept only
 * for a reader and only up to its limit. Requirement U5. A body that comes in one piece, as small
 * ones do, is copied once.
 */
import { GatewayError } from '../kernel/errors.js';

interface Reader {
  readonly maxBytes: number;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: GatewayError) => void;
}

const EMPTY = Buffer.alloc(0);

export class RequestBody {
  /** As announced; -1 when unknown. */
  readonly #announcedBytes: number;
  #receivedBytes = 0;
  #isComplete: boolean;
  #pieces: Buffer[] = [];
  #reader: Reader | undefined;

  constructor(announcedBytes: number) {
    this.#announcedBytes = announcedBytes;
    this.#isComplete = announcedBytes === 0;
  }

  /** False while the client still owes bytes: the connection cannot carry another request. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Must be called before the first bytes arrive; at most once. */
  read(maxBytes: number): Promise<Buffer> {
    if (this.#announcedBytes > maxBytes) {
      return Promise.reject(new GatewayError('GW_BODY_TOO_LARGE', { log: { maxBytes } }));
    }
    if (this.#isComplete) return Promise.resolve(EMPTY);
    return new Promise((resolve, reject) => {
      this.#reader = { maxBytes, resolve, reject };
    });
  }

  /** `bytes` is only borrowed: a front may take its memory back when this returns. */
  push(bytes: Uint8Array, isLast: boolean): void {
    this.#receivedBytes += bytes.length;
    if (isLast) this.#isComplete = true;
    const reader = this.#reader;
    if (reader === undefined) return;
    if (this.#receivedBytes > reader.maxBytes) {
      this.fail(new GatewayError('GW_BODY_TOO_LARGE', { log: { maxBytes: reader.maxBytes } }));
      return;
    }
    if (bytes.length > 0) this.#pieces.push(Buffer.from(bytes));
    if (!isLast) return;
    const [first = EMPTY] = this.#pieces;
    const body = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
    this.#drop();
    reader.resolve(body);
  }

  /** Rejects a waiting reader and forgets what was kept; later bytes are counted and dropped. */
  fail(error: GatewayError): void {
    const reader = this.#reader;
    this.#drop();
    reader?.reject(error);
  }

  #drop(): void {
    this.#reader = undefined;
    this.#pieces = [];
  }
}
