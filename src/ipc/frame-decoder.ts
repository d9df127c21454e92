/**
 * Finds frames in a byte stream that may be cut anywhere. A frame inside one chunk is a view of that
 * chunk; one that spans chunks is copied once into a buffer of its known size, so no split of the
 * stream costs more than linear time. Anything malformed throws: the connection cannot be trusted then.
 */
import { GatewayError } from '../kernel/errors.js';
import {
  FRAME_HEADER_BYTES,
  FRAME_METHODS,
  FRAME_TYPES,
  NO_RETRY_AFTER,
  type Frame,
} from './frames.js';

const LENGTH_BYTES = 4;
/** Type and exchange id, which every frame has behind its length. */
const FIXED_BYTES = FRAME_HEADER_BYTES - LENGTH_BYTES;

export class FrameDecoder {
  readonly #maxFrameBytes: number;
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #lengthFilled = 0;
  /** The frame that spans chunks: its buffer (without the length) and how much of it is there. */
  #partial: Buffer | null = null;
  #partialFilled = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * Decodes what has become complete, in order. Views into `chunk` belong to the receiver of the frame.
   * Throws GW_INTERNAL for a malformed stream; afterwards the decoder must not be used.
   */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial !== null) {
        at += this.#fill(this.#partial, chunk, at, onFrame);
        continue;
      }
      if (this.#lengthFilled === 0 && chunk.length - at >= LENGTH_BYTES) {
        const length = this.#checked(chunk.readUInt32LE(at));
        at += LENGTH_BYTES;
        if (chunk.length - at >= length) {
          onFrame(decodeFrame(chunk.subarray(at, at + length)));
          at += length;
        } else this.#await(length);
        continue;
      }
      this.#length[this.#lengthFilled] = chunk[at] ?? 0;
      this.#lengthFilled += 1;
      at += 1;
      if (this.#lengthFilled < LENGTH_BYTES) continue;
      this.#lengthFilled = 0;
      this.#await(this.#checked(this.#length.readUInt32LE(0)));
    }
  }

  #await(length: number): void {
    this.#partial = Buffer.allocUnsafe(length);
    this.#partialFilled = 0;
  }

  #fill(partial: Buffer, chunk: Buffer, from: number, onFrame: (frame: Frame) => void): number {
    const taken = Math.min(partial.length - this.#partialFilled, chunk.length - from);
    chunk.copy(partial, this.#partialFilled, from, from + taken);
    this.#partialFilled += taken;
    if (this.#partialFilled === partial.length) {
      this.#partial = null;
      onFrame(decodeFrame(partial));
    }
    return taken;
  }

  #checked(length: number): number {
    if (length < FIXED_BYTES || length > this.#maxFrameBytes) {
      throw malformed('length', { length, maxFrameBytes: this.#maxFrameBytes });
    }
    return length;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const type = FRAME_TYPES[bytes[0] ?? FRAME_TYPES.length];
  if (type === undefined) throw malformed('type', { type: bytes[0] });
  const exchangeId = bytes.readUInt32LE(1);
  const reader = new PayloadReader(bytes);
  switch (type) {
    case 'open': {
      const method = FRAME_METHODS[reader.u8()];
      if (method === undefined) throw malformed('method', {});
      const hasCredential = reader.u8() === 1;
      const [server = '', user = '', text = '', ...headers] = reader.texts();
      const credential = hasCredential ? text : null;
      const hasBody = reader.u8() === 1;
      const body = hasBody ? reader.rest() : null;
      return { type, exchangeId, server, user, credential, method, headers, body };
    }
    case 'credit':
      return { type, exchangeId, bytes: reader.u32() };
    case 'head': {
      const status = reader.u16();
      return { type, exchangeId, status, headers: reader.texts() };
    }
    case 'data':
      return { type, exchangeId, bytes: reader.rest() };
    case 'error': {
      const retryAfterMs = reader.u32();
      const hasHint = reader.u8() === 1;
      const [code = '', hint = ''] = reader.texts();
      return {
        type,
        exchangeId,
        error: {
          code,
          hint: hasHint ? hint : null,
          retryAfterMs: retryAfterMs === NO_RETRY_AFTER ? null : retryAfterMs,
        },
      };
    }
    case 'end': {
      const [told = null] = reader.isAtEnd ? [] : reader.texts();
      return { type, exchangeId, told };
    }
    case 'abort':
      return { type, exchangeId };
  }
}

/** Reads fields in order; every read past the end throws. */
class PayloadReader {
  readonly #bytes: Buffer;
  #at = FIXED_BYTES;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  texts(): string[] {
    const count = this.u16();
    const lengthsAt = this.#take(4 * count);
    const byteLength = this.u32();
    const from = this.#take(byteLength);
    const joined = this.#bytes.toString('utf8', from, from + byteLength);
    const texts: string[] = [];
    let unit = 0;
    for (let index = 0; index < count; index += 1) {
      const units = this.#bytes.readUInt32LE(lengthsAt + 4 * index);
      texts.push(joined.slice(unit, unit + units));
      unit += units;
    }
    if (unit !== joined.length) throw malformed('texts', { expected: unit, got: joined.length });
    return texts;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  #take(count: number): number {
    const from = this.#at;
    if (from + count > this.#bytes.length) throw malformed('payload', { from, count });
    this.#at = from + count;
    return from;
  }
}

function malformed(part: string, log: Readonly<Record<string, unknown>>): GatewayError {
  return new GatewayError('GW_INTERNAL', { log: { malformedFrame: part, ...log } });
}
