import t from 'tap';
import { matchingRows } from '../../../src/servers/meerkats-table/matching-rows.js';
import { rowsOf } from './support/columns.js';

/** Holds the thread for a while, as an expensive predicate does. */
function spinMs(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

t.test('returns the rows that match, in order', async (t) => {
  const rows = rowsOf([1], [2], [3]);
  const found = await matchingRows(rows, (row) => row.id !== 2, new AbortController().signal);
  t.strictSame(found, [rows[0], rows[2]]);
});

t.test('lets others run between rows, and stops once the call is aborted', async (t) => {
  const rows = rowsOf(...Array.from({ length: 100 }, () => [null]));
  const abort = new AbortController();
  let judged = 0;
  const run = matchingRows(
    rows,
    () => {
      judged += 1;
      spinMs(3);
      return true;
    },
    abort.signal,
  );
  setImmediate(() => {
    abort.abort(new Error('client left'));
  });
  await t.rejects(run, { message: 'client left' });
  t.ok(judged < rows.length, `${judged} rows judged`);
});
