/**
 * The newest lines of `requests.log`, for whoever looks at the dashboard now. Read from the file, so that all workers
 * are in it and nothing is done while nobody looks.
 */
import { open } from 'node:fs/promises';

/** Of one answer; some 250 lines. What was written faster than it is asked for is left out. */
const MAX_BYTES = 64 * 1024;

export interface RequestTail {
  /** To be given with the next question. */
  readonly offset: number;
  /** Whole lines of the log, oldest first. */
  readonly lines: readonly unknown[];
  /** True when lines between this and the last answer are not in it. */
  readonly hasGap: boolean;
}

/** `after`: the last answer's offset; NaN for the newest lines. Rejects with the system's error. */
export async function readRequestTail(file: string, after: number): Promise<RequestTail> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    // A file that was turned over starts anew.
    const wanted = Number.isSafeInteger(after) && after >= 0 && after <= size ? after : null;
    const start = Math.max(wanted ?? 0, size - MAX_BYTES);
    const buffer = Buffer.alloc(Math.min(MAX_BYTES, size - start));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const bytes = buffer.subarray(0, bytesRead);
    const isCut = start !== wanted && start > 0;
    const first = isCut ? bytes.indexOf('\n') + 1 : 0;
    const last = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.subarray(first, Math.max(first, last)).toString('utf8').split('\n');
    return {
      offset: start + last,
      lines: lines.filter((line) => line !== '').flatMap(parse),
      hasGap: wanted !== null && isCut,
    };
  } finally {
    await handle.close();
  }
}

function parse(line: string): readonly unknown[] {
  try {
    return [JSON.parse(line) as unknown];
  } catch {
    return []; // Torn by a full disk.
  }
}
