/**
 * Turns frames into bytes, many frames into few buffers: what is encoded in one tick leaves in one
 * write. Small frames are packed behind each other into a 64 KiB slab (as Node's own Buffer pool
 * does, so nothing is copied twice); large payloads go out by reference.
 */
import {
  FRAME_HEADER_BYTES,
  FRAME_METHODS,
  FRAME_TYPES,
  MAX_DATA_BYTES,
  NO_RETRY_AFTER,
  type Frame,
  type FrameError,
  type OpenFrame,
} from './frames.js';

const SLAB_BYTES = 64 * 1024;
/** From here on a payload is cheaper to reference than to copy. Chosen. */
const BY_REFERENCE_BYTES = 8 * 1024;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

export class FrameEncoder {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the bytes not yet taken begin, and where the next go. */
  #from = 0;
  #at = 0;
  #parts: Buffer[] = [];
  #pendingBytes = 0;

  /** Bytes encoded and not yet taken. */
  get pendingBytes(): number {
    return this.#pendingBytes + this.#at - this.#from;
  }

  /** `body` must not change before the bytes are written. */
  open(exchangeId: number, frame: Omit<OpenFrame, 'type' | 'exchangeId'>): void {
    const lengthAt = this.#begin('open', exchangeId, 2 + textsBound(frame.headers, 3, frame));
    this.#slab[this.#at++] = FRAME_METHODS.indexOf(frame.method);
    this.#slab[this.#at++] = frame.credential === null ? 0 : 1;
    this.#texts([frame.server, frame.user, frame.credential ?? '', ...frame.headers]);
    const { body } = frame;
    // A last byte tells "no body" from an empty one.
    this.#slab[this.#at++] = body === null ? 0 : 1;
    this.#finish(lengthAt, body);
  }

  credit(exchangeId: number, bytes: number): void {
    const lengthAt = this.#begin('credit', exchangeId, 4);
    this.#u32(bytes);
    this.#finish(lengthAt, null);
  }

  abort(exchangeId: number): void {
    this.#finish(this.#begin('abort', exchangeId, 0), null);
  }

  head(exchangeId: number, status: number, headers: readonly string[]): void {
    const lengthAt = this.#begin('head', exchangeId, 2 + textsBound(headers, 0, null));
    this.#slab.writeUInt16LE(status, this.#at);
    this.#at += 2;
    this.#texts(headers);
    this.#finish(lengthAt, null);
  }

  /** Split into frames of MAX_DATA_BYTES. `bytes` must not change before they are written. */
  data(exchangeId: number, bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += MAX_DATA_BYTES) {
      const lengthAt = this.#begin('data', exchangeId, 0);
      this.#finish(
        lengthAt,
        bytes.length <= MAX_DATA_BYTES ? bytes : bytes.subarray(from, from + MAX_DATA_BYTES),
      );
    }
  }

  end(exchangeId: number, told: string | null): void {
    const texts = told === null ? [] : [told];
    const lengthAt = this.#begin('end', exchangeId, textsBound(texts, 0, null));
    if (told !== null) this.#texts(texts);
    this.#finish(lengthAt, null);
  }

  error(exchangeId: number, error: FrameError): void {
    const texts = [error.code, error.hint ?? ''];
    const lengthAt = this.#begin('error', exchangeId, 5 + textsBound(texts, 0, null));
    this.#u32(error.retryAfterMs === null ? NO_RETRY_AFTER : Math.ceil(error.retryAfterMs));
    this.#slab[this.#at++] = error.hint === null ? 0 : 1;
    this.#texts(texts);
    this.#finish(lengthAt, null);
  }

  /** The bytes encoded since the last take, in order; the caller owns them. */
  take(): Buffer[] {
    this.#seal();
    const parts = this.#parts;
    this.#parts = [];
    this.#pendingBytes = 0;
    return parts;
  }

  /** Makes room for `payloadBytes`, writes the header; returns where the length belongs. */
  #begin(type: Frame['type'], exchangeId: number, payloadBytes: number): number {
    // Room for the trailing body flag as well.
    const needed = FRAME_HEADER_BYTES + payloadBytes + 1;
    if (this.#at + needed > this.#slab.length) {
      this.#seal();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, needed));
      this.#from = 0;
      this.#at = 0;
    }
    const lengthAt = this.#at;
    this.#at += 4;
    this.#slab[this.#at++] = FRAME_TYPES.indexOf(type);
    this.#u32(exchangeId);
    return lengthAt;
  }

  #finish(lengthAt: number, body: Uint8Array | null): void {
    const bodyBytes = body === null ? 0 : body.length;
    this.#slab.writeUInt32LE(this.#at - lengthAt - 4 + bodyBytes, lengthAt);
    if (body === null || bodyBytes === 0) return;
    if (bodyBytes < BY_REFERENCE_BYTES && this.#at + bodyBytes <= this.#slab.length) {
      this.#slab.set(body, this.#at);
      this.#at += bodyBytes;
      return;
    }
    this.#seal();
    this.#parts.push(Buffer.from(body.buffer, body.byteOffset, bodyBytes));
    this.#pendingBytes += bodyBytes;
  }

  /** Moves what the slab holds to the parts; later frames continue behind it. */
  #seal(): void {
    if (this.#at === this.#from) return;
    this.#parts.push(this.#slab.subarray(this.#from, this.#at));
    this.#pendingBytes += this.#at - this.#from;
    this.#from = this.#at;
  }

  #texts(texts: readonly string[]): void {
    const slab = this.#slab;
    slab.writeUInt16LE(texts.length, this.#at);
    this.#at += 2;
    for (const text of texts) this.#u32(text.length);
    const bytesAt = this.#at;
    this.#at += 4;
    const written = slab.write(texts.join(''), this.#at);
    slab.writeUInt32LE(written, bytesAt);
    this.#at += written;
  }

  #u32(value: number): void {
    this.#at = this.#slab.writeUInt32LE(value, this.#at);
  }
}

/** Upper bound of what `#texts` writes for these, without measuring their UTF-8. */
function textsBound(
  texts: readonly string[],
  extraTexts: number,
  names: Pick<OpenFrame, 'server' | 'user' | 'credential'> | null,
): number {
  let units = 0;
  if (names !== null) {
    units += names.server.length + names.user.length;
    if (names.credential !== null) units += names.credential.length;
  }
  for (const text of texts) units += text.length;
  return 6 + 4 * (texts.length + extraTexts) + units * MAX_BYTES_PER_UNIT;
}
