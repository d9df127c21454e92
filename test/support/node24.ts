/**
 * A Node.js new enough for the conformance suite (22.18), while the product's floor is 20. Fetched once
 * where this one is older; nothing but the suite needs it.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/node24.mjs', import.meta.url));

/** Undefined on systems for which the registry has none. */
export function node24(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return execFileSync(process.execPath, [SCRIPT], { encoding: 'utf8' }).trim();
}
