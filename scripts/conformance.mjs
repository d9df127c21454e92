/**
 * Runs test/support/conformance/main.ts. The suite needs Node.js >= 22, and Node.js >= 22.18 runs
 * TypeScript as it is, once `.js` specifiers find their `.ts` files: so the program is started with
 * this Node.js where it is new enough, else with one that is fetched once (node24.mjs).
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { newerNode } from './node24.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const child = spawn(
  newerNode(),
  [
    '--import',
    at('./resolve-typescript.mjs'),
    at('../test/support/conformance/main.ts'),
    '--node',
    process.execPath,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.exitCode = code ?? 70;
});
