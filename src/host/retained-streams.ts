/**
 * Finished streams that a client may still resume, because it lost the connection or the last bytes on
 * it. Oldest out first, by age and by bytes over all sessions of an endpoint, so that answers nobody
 * comes back for cannot pile up.
 */
import type { SessionStream } from './session-stream.js';

export interface RetainedStreamsLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What a stream costs beside its stored bytes, roughly. */
const OVERHEAD_BYTES = 1024;

interface Entry {
  readonly bytes: number;
  readonly finishedAtMs: number;
  readonly onForget: () => void;
}

export class RetainedStreams {
  readonly #limits: RetainedStreamsLimits;
  readonly #entries = new Map<SessionStream, Entry>();
  #byteLength = 0;

  constructor(limits: RetainedStreamsLimits) {
    this.#limits = limits;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** `onForget` is called when the stream leaves by age or bytes, not when it is deleted. */
  add(stream: SessionStream, nowMs: number, onForget: () => void): void {
    const bytes = stream.storedBytes + OVERHEAD_BYTES;
    this.#entries.set(stream, { bytes, finishedAtMs: nowMs, onForget });
    this.#byteLength += bytes;
    this.#forgetWhile(() => this.#byteLength > this.#limits.maxBytes);
  }

  delete(stream: SessionStream): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    this.#entries.delete(stream);
    this.#byteLength -= entry.bytes;
  }

  /** Returns how many were too old. */
  sweep(nowMs: number): number {
    const before = this.#entries.size;
    this.#forgetWhile((entry) => nowMs - entry.finishedAtMs >= this.#limits.maxAgeMs);
    return before - this.#entries.size;
  }

  #forgetWhile(isDue: (oldest: Entry) => boolean): void {
    for (const [stream, entry] of this.#entries) {
      if (!isDue(entry)) return;
      this.delete(stream);
      entry.onForget();
    }
  }
}
