/** A free path for a unix socket, short enough for sun_path wherever the repository lies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder around it is removed with the test. */
export function socketPath(t: { teardown(release: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'mmcp-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return join(folder, 'host.sock');
}
