/** What the archives of a log hold: the days before the file that is written now (policy/log-archive-name.ts). */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { dayText, parseArchiveName } from '../policy/log-archive-name.js';

/**
 * Writes the archives of the log at `path` that may hold lines from `since` on, whole and oldest first. What is archived
 * meanwhile is among them. Rejects with the system's error when one cannot be read, ENOENT where the folder is missing.
 */
export async function readLogArchives(
  path: string,
  since: Date,
  write: (text: string) => void,
): Promise<void> {
  const read = new Set<string>();
  for (;;) {
    const next = (await archivesFrom(path, dayText(since))).filter((log) => !read.has(log));
    if (next.length === 0) return;
    for (const log of next) {
      read.add(log);
      await readArchive(join(dirname(path), log), write);
      // Whether its last line ended or not, the next file begins another.
      write('\n');
    }
  }
}

async function archivesFrom(path: string, day: string): Promise<string[]> {
  const stem = basename(path, '.log');
  const found = (await readdir(dirname(path)))
    .map((name) => parseArchiveName(stem, name))
    .filter((each) => each !== null)
    .filter((each) => each.day >= day && each.ending !== 'log.gz.tmp')
    .sort((a, b) => (a.day === b.day ? a.count - b.count : a.day < b.day ? -1 : 1));
  return [...new Set(found.map(({ log }) => log))];
}

/** It may be compressed at any time. */
async function readArchive(path: string, write: (text: string) => void): Promise<void> {
  try {
    await pipeline(createReadStream(path), writeAll(write));
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
    await pipeline(createReadStream(`${path}.gz`), createGunzip(), writeAll(write));
  }
}

function writeAll(write: (text: string) => void) {
  return async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const piece of pieces) write(decoder.decode(piece, { stream: true }));
  };
}
