/** A file system of a given size in memory, for measurements on a disk that fills up. Needs the right to mount. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Tmpfs extends Disposable {
  readonly path: string;
}

/** Null where mounting is not allowed. */
export function mountTmpfs(mebibytes: number): Tmpfs | null {
  const path = mkdtempSync(join(tmpdir(), 'multi-mcp-tmpfs-'));
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path];
    execFileSync('mount', options, { stdio: 'ignore' });
  } catch {
    rmdirSync(path);
    return null;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', path]);
      rmdirSync(path);
    },
  };
}
