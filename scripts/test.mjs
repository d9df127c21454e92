/**
 * `npm test`: builds what the end-to-end tests start, runs tap, and ends with a plain
 * `N passed, N failed` line, which tap's own summary is not. Arguments go to tap:
 * `npm test -- test/policy` runs a part.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { Parser } from 'tap-parser';

const OUTPUT = '.tap/results.tap';

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  return status ?? 1;
}

console.log('building …');
const built = run('npm', ['run', '--silent', 'build']);
if (built !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(built);
}

mkdirSync('.tap', { recursive: true });
rmSync(OUTPUT, { force: true });
console.log('testing …');
const status = run('npx', ['tap', 'run', `--output-file=${OUTPUT}`, ...process.argv.slice(2)]);

let passed = 0;
let failed = 0;
let skipped = 0;
for (const [event, result] of Parser.parse(readFileSync(OUTPUT, 'utf8'), { flat: true })) {
  if (event !== 'assert') continue;
  if (result.skip) skipped += 1;
  else if (result.ok || result.todo) passed += 1;
  else failed += 1;
}
// A file that crashed, or a bailout, may leave no failed assertion behind.
if (status !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(status !== 0 || failed > 0 ? 1 : 0);
