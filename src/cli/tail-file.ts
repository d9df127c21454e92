/**
 * Follows a log file that another process appends to and the gateway rotates by renaming. Polls by name:
 * watching the open file goes deaf at the first rename.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TailOptions {
  readonly path: string;
  /** Lines shown from what is already there. */
  readonly lines: number;
  readonly write: (text: string) => void;
  /** Goes on until aborted; absent = stop at the end of the file. */
  readonly follow?: AbortSignal;
  /** Default 250 ms. */
  readonly pollMs?: number;
  /** Called when what was already there is read; then all of it is, whatever `lines` says. */
  readonly onBacklogEnd?: () => void;
}

/** The last lines are looked for in so much of the file's end. */
const MAX_BACKLOG_BYTES = 1024 * 1024;
const CHUNK_BYTES = 65_536;
const DEFAULT_POLL_MS = 250;

/** Rejects with the system's error when the file cannot be read at the start. */
export async function tailFile(options: TailOptions): Promise<void> {
  const { path, lines, write, follow, pollMs = DEFAULT_POLL_MS, onBacklogEnd } = options;
  let file = await open(path, 'r');
  try {
    let position =
      onBacklogEnd === undefined
        ? await writeLastLines(file, lines, write)
        : await writeFrom(file, 0, write);
    onBacklogEnd?.();
    while (follow?.aborted === false) {
      await sleep(pollMs, undefined, { signal: follow }).catch(() => undefined);
      position = await writeFrom(file, position, write);
      const next = await reopened(path, file, position);
      if (next === null) continue;
      // What came between the last read and the rename is in the old file still.
      await writeFrom(file, position, write);
      await file.close();
      file = next;
      position = 0;
    }
  } finally {
    await file.close();
  }
}

async function writeLastLines(
  file: FileHandle,
  lines: number,
  write: (text: string) => void,
): Promise<number> {
  const { size } = await file.stat();
  const start = Math.max(0, size - MAX_BACKLOG_BYTES);
  const bytes = Buffer.alloc(size - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  const text = bytes.toString('utf8', 0, bytesRead);
  const kept = text.split(/(?<=\n)/).slice(-lines);
  if (lines > 0 && text !== '') write(kept.join(''));
  return start + bytesRead;
}

async function writeFrom(
  file: FileHandle,
  from: number,
  write: (text: string) => void,
): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  // Across chunks, so that a character cut in two is written whole.
  const decoder = new TextDecoder();
  let position = from;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return position;
    position += bytesRead;
    write(decoder.decode(chunk.subarray(0, bytesRead), { stream: true }));
  }
}

/** The file now at the path when it is another one, or the same one cut to nothing; else null. */
async function reopened(
  path: string,
  file: FileHandle,
  position: number,
): Promise<FileHandle | null> {
  try {
    const [there, open_] = [await stat(path), await file.stat()];
    const isSame = there.ino === open_.ino && there.dev === open_.dev;
    return isSame && there.size >= position ? null : await open(path, 'r');
  } catch {
    // Between the rename and the first line of the new file there is none.
    return null;
  }
}
