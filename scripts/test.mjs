/**
 * `npm test`: builds what the end-to-end tests start, runs tap, prints a line a file, what failed
 * with its diagnostics, and at the end a plain `N passed, N failed` line, which tap's own summary is
 * not. Arguments go to tap: `npm test -- test/policy` runs a part. The whole report is kept in
 * `.tap/results.tap`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { Parser } from 'tap-parser';

const REPORT = '.tap/results.tap';
const LONGEST_DIAGNOSTICS = 4_000;

console.log('building …');
const built = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' }).status ?? 1;
if (built !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(built);
}

let passed = 0;
let failed = 0;
let skipped = 0;
const failures = [];

/** Counts the assertions of one file or subtest, however deep; `path` names where they stand. */
function count(parser, path) {
  let endedChild;
  parser.on('child', (child) => {
    endedChild = child.name;
    count(child, [...path, child.name]);
  });
  parser.on('assert', (result) => {
    if (path.length === 0) {
      console.log(
        `${result.ok ? 'ok    ' : 'FAILED'} ${result.name} (${Math.round(result.time ?? 0)} ms)`,
      );
    }
    // The result of a subtest sums up assertions that are already counted.
    if (result.name === endedChild) {
      endedChild = undefined;
      return;
    }
    if (result.skip) skipped += 1;
    else if (result.ok || result.todo) passed += 1;
    else {
      failed += 1;
      failures.push({ name: [...path, result.name].join(' > '), diag: result.diag });
    }
  });
}

const report = new Parser();
count(report, []);

mkdirSync('.tap', { recursive: true });
console.log('testing …');
const tap = spawn('npx', ['tap', 'run', '--reporter=tap', ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
tap.stdout.pipe(createWriteStream(REPORT));
tap.stdout.pipe(report);
const [status] = await once(tap, 'close');

for (const { name, diag } of failures) {
  console.log(`\nFAILED ${name}`);
  if (diag) console.log(JSON.stringify(diag, null, 2).slice(0, LONGEST_DIAGNOSTICS));
}
// A file that crashed, or a bailout, may leave no failed assertion behind.
if (status !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(status !== 0 || failed > 0 ? 1 : 0);
