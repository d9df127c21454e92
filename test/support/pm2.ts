/**
 * PM2, fetched once from the package registry into node_modules/.cache: its licence (AGPL) keeps it out
 * of our dependencies, and only one test runs it. Without install scripts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './repository.js';

const PACKAGE = 'pm2@7.0.4';
const INSTALL_TIMEOUT_MS = 120_000;

/** Its program, or why there is none. */
export function findPm2(): { program: string } | { reason: string } {
  const folder = join(repository, 'node_modules', '.cache', 'pm2');
  const program = join(folder, 'node_modules', 'pm2', 'bin', 'pm2');
  if (existsSync(program)) return { program };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    execFileSync('npm', ['install', '--prefix', folder, ...options, PACKAGE], {
      stdio: 'ignore',
      timeout: INSTALL_TIMEOUT_MS,
    });
    return { program };
  } catch (error) {
    return { reason: `${PACKAGE} cannot be fetched: ${String(error)}` };
  }
}
