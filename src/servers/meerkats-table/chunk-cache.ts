/**
 * Chunks read lately, for all users of this module: bounded by bytes, keyed by user first. A chunk never
 * changes under its id, so what a present head lists may be taken from here without asking the store.
 */
import { LRUCache } from 'lru-cache';
import type { Row } from './table-schema.js';

/** Of rows as JSON text; in memory they take a few times as much. Chosen. */
const MAX_CACHED_BYTES = 16 * 1024 * 1024;

export class ChunkCache {
  readonly #chunks: LRUCache<string, readonly Row[]>;

  constructor(maxBytes: number = MAX_CACHED_BYTES) {
    this.#chunks = new LRUCache({ maxSize: maxBytes });
  }

  get(user: string, key: string): readonly Row[] | undefined {
    return this.#chunks.get(cacheKey(user, key));
  }

  /** Rows are shared from here on: nobody may change them. */
  set(user: string, key: string, rows: readonly Row[], bytes: number): void {
    this.#chunks.set(cacheKey(user, key), rows, { size: Math.max(1, bytes) });
  }
}

function cacheKey(user: string, key: string): string {
  // The length makes the border unmistakable, whatever characters a user id holds.
  return `${user.length}:${user}:${key}`;
}
