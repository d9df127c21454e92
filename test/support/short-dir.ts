/** A temporary folder with a short path, for unix sockets; tap's own are too long. Removed after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export function shortDir(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'mmcp-'));
  t.teardown(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}
