/**
 * Expired entries leave a bounded cache before newcomers would push them out, so that it holds no more
 * than is of use. A sweep looks at so many of the longest unused only: it runs between requests.
 */
import type { LRUCache } from 'lru-cache';

/** Chosen: about a millisecond. */
const MAX_LOOKED_AT = 10_000;

/** Returns how many went. */
export function sweepEntries<Entry extends object>(
  cache: LRUCache<string, Entry>,
  isOver: (entry: Entry) => boolean,
): number {
  const over: string[] = [];
  let lookedAt = 0;
  for (const key of cache.rkeys()) {
    const entry = cache.peek(key);
    if (entry !== undefined && isOver(entry)) over.push(key);
    lookedAt += 1;
    if (lookedAt >= MAX_LOOKED_AT) break;
  }
  for (const key of over) cache.delete(key);
  return over.length;
}
