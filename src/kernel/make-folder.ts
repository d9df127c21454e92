/**
 * Makes a folder with those above it, like `mkdir -p`. Not Node's own `recursive`: where a file system refuses
 * with ENOENT although the folder above is there, as /proc does, that tries for ever (20.20, measured).
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** `mode`: of the folders that are made. Throws the system's error, EEXIST where something else is in the way. */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (isFolder(path)) return;
    const above = dirname(path);
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || above === path || isFolder(above)) throw error;
    makeFolder(above, mode);
    // Another process may have made it meanwhile.
    makeFolder(path, mode);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
