/** How many files and sockets this process may hold open; what caps its connections. */
import { readFile } from 'node:fs/promises';

/** The soft limit; null where /proc does not tell. */
export async function openFileLimit(): Promise<number | null> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const limit = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return limit === undefined ? null : Number(limit);
}
