/**
 * `npm test`: builds what the end-to-end tests start, runs tap, prints how far it is, what failed with
 * its diagnostics, and at the end a plain `N passed, N failed` line, which tap's own summary is not.
 * Arguments go to tap: `npm test -- test/policy` runs a part. The whole report is kept in
 * `.tap/results.tap`, what the tests wrote to stderr in `.tap/stderr.log`.
 *
 * Many files start real processes and share the machine. When a few fail, they are run once more,
 * one at a time, and that result counts; what failed first is shown as well, because a race in a test
 * is a fault to be mended too.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, openSync } from 'node:fs';
import { Parser } from 'tap-parser';

const REPORT = '.tap/results.tap';
const STDERR = '.tap/stderr.log';
const LONGEST_DIAGNOSTICS = 2_000;
/** Files that take less are only counted. */
const SLOW_FILE_MS = 5_000;
const FILES_A_LINE = 50;
/** More failures than these are no coincidence. */
const MOST_FILES_AGAIN = 4;

console.log('building …');
const built = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' }).status ?? 1;
if (built !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(built);
}

mkdirSync('.tap', { recursive: true });
const stderr = openSync(STDERR, 'w');
console.log('testing …');
const files = await runTap(process.argv.slice(2), REPORT);
const unsteady = [...files].filter(([, { failed }]) => failed > 0).map(([file]) => file);
if (unsteady.length > 0) showFailures(files);
if (unsteady.length > 0 && unsteady.length <= MOST_FILES_AGAIN) {
  console.log(`\nonce more, one at a time: ${unsteady.join(', ')}`);
  const again = await runTap(['--jobs=1', ...unsteady], '.tap/again.tap');
  showFailures(again);
  for (const [file, counts] of again) files.set(file, counts);
}

const sum = (of) => [...files.values()].reduce((total, counts) => total + counts[of], 0);
const failed = sum('failed');
const skipped = sum('skipped');
console.log(
  `${sum('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
process.exit(failed > 0 ? 1 : 0);

/** Runs tap and returns what became of each file. A run that broke off counts as one more failure. */
async function runTap(args, reportFile) {
  const results = new Map();
  let done = 0;
  const parser = new Parser();
  parser.on('child', (child) => {
    const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
    results.set(child.name, counts);
    count(child, counts, []);
  });
  parser.on('assert', ({ name, ok, time, diag }) => {
    const ms = Math.round(time ?? 0);
    done += 1;
    if (!ok) console.log(`FAILED ${name} (${ms} ms)`);
    else if (ms >= SLOW_FILE_MS) console.log(`ok     ${name} (${ms} ms)`);
    if (done % FILES_A_LINE === 0) console.log(`… ${done} files`);
    const counts = results.get(name);
    // A file that crashed may leave no failed assertion behind.
    if (!ok && counts?.failed === 0) {
      counts.failed = 1;
      counts.failures.push({ name: `the file itself; see ${STDERR}`, diag });
    }
  });
  const tap = spawn('npx', ['tap', 'run', '--reporter=tap', ...args], {
    stdio: ['ignore', 'pipe', stderr],
  });
  tap.stdout.pipe(createWriteStream(reportFile));
  tap.stdout.pipe(parser);
  const [status] = await once(tap, 'close');
  const isExplained = [...results.values()].some((counts) => counts.failed > 0);
  if (status !== 0 && !isExplained) {
    results.set('tap', { passed: 0, failed: 1, skipped: 0, failures: [] });
    console.log(`FAILED tap itself, with ${status}`);
  }
  return results;
}

/** Counts the assertions below `parser`, however deep; `path` names where they stand. */
function count(parser, counts, path) {
  let endedChild;
  parser.on('child', (child) => {
    endedChild = child.name;
    count(child, counts, [...path, child.name]);
  });
  parser.on('assert', (result) => {
    // The result of a subtest sums up assertions that are already counted.
    if (result.name === endedChild) {
      endedChild = undefined;
      return;
    }
    if (result.skip) counts.skipped += 1;
    else if (result.ok || result.todo) counts.passed += 1;
    else {
      counts.failed += 1;
      counts.failures.push({ name: [...path, result.name].join(' > '), diag: result.diag });
    }
  });
}

function showFailures(results) {
  for (const [file, { failures }] of results) {
    for (const { name, diag } of failures) {
      console.log(`\nFAILED ${file} > ${name}`);
      if (diag) console.log(JSON.stringify(diag, null, 2).slice(0, LONGEST_DIAGNOSTICS));
    }
  }
}
