import { pino } from 'pino';
import t from 'tap';
import { RollingRestart } from '../../src/primary/rolling-restart.js';

const log = pino({ level: 'silent' });

/** A tree whose workers are replaced when the test says so. */
function fakeTree(workers: number) {
  const asked: number[] = [];
  const answers: ((serves: boolean) => void)[] = [];
  const restart = new RollingRestart({
    tree: {
      workers: Array.from({ length: workers }) as never,
      replaceWorker: (index) => {
        asked.push(index);
        return new Promise((resolve) => answers.push(resolve));
      },
    },
    drainTimeoutMs: () => 1000,
    log,
    tcpMigrateReq: () => Promise.resolve(false),
  });
  /** Resolves when the worker that was asked for has had its answer heard. */
  const answer = async (serves: boolean): Promise<void> => {
    answers.shift()?.(serves);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { restart, asked, answer, settle: () => answer(true) };
}

t.test('workers are replaced one after the other', async (t) => {
  const { restart, asked, answer, settle } = fakeTree(3);
  const done = restart.run('a test');
  await settle();
  t.strictSame(asked, [0], 'the next one waits');
  t.strictSame(restart.state.running, { replaced: 0, workers: 3 });
  await answer(true);
  t.strictSame(asked, [0, 1]);
  t.strictSame(restart.state.running, { replaced: 1, workers: 3 });
  await answer(true);
  await answer(true);
  t.match(await done, { ok: true, replaced: 3, workers: 3, tcpMigrateReq: false });
  t.match(restart.state, { running: null, last: { ok: true } });
});

t.test('a new worker that does not start ends the restart', async (t) => {
  const { restart, asked, answer, settle } = fakeTree(3);
  const done = restart.run('a test');
  await settle();
  await answer(false);
  t.match(await done, { ok: false, replaced: 0 });
  t.strictSame(asked, [0], 'the others are left alone');
});

t.test('restarts asked for during one are one more, after it', async (t) => {
  const { restart, asked, answer, settle } = fakeTree(1);
  const first = restart.run('first');
  await settle();
  const second = restart.run('second');
  t.equal(restart.run('third'), second);
  t.strictSame(asked, [0]);
  await answer(true);
  t.match(await first, { ok: true });
  for (let turn = 0; turn < 5; turn += 1) await settle();
  t.strictSame(asked, [0, 0]);
  t.match(await second, { ok: true });
});
