/**
 * Tells a machine's data directory from all others, so that a gateway which was killed and starts again knows its
 * predecessor on the roster, and need not wait until that one's lease runs out.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const BYTES = 16;

/** Kept in `machine-id`; another one each time where that cannot be written. */
export async function machinePlace(dataDir: string): Promise<string> {
  const path = join(dataDir, 'machine-id');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (/^[0-9a-f]{32}\n$/.test(known)) return known.trim();
  const place = randomBytes(BYTES).toString('hex');
  // Without it the former lease has to run out, and nothing else.
  await writeFile(path, `${place}\n`, { mode: 0o600 }).catch(() => undefined);
  return place;
}
