import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import t from 'tap';
import {
  SupervisedProcess,
  type SupervisedProcessOptions,
} from '../../src/primary/supervised-process.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';
import { within } from '../support/until.js';

const CHILD = fileURLToPath(new URL('../support/supervised-child.mjs', import.meta.url));

/** `mood` is what the child does after its start message; a later fork may get another one. */
function supervise(moods: readonly string[], options: Partial<SupervisedProcessOptions> = {}) {
  let forks = 0;
  let exits = 0;
  let onExit = (): void => undefined;
  const process = new SupervisedProcess({
    name: 'child',
    fork: () => {
      forks += 1;
      return fork(CHILD, { execArgv: [] });
    },
    startMessage: () => ({ mood: moods[Math.min(forks, moods.length) - 1] }),
    isReady: (message) => message === 'ready',
    onMessage: () => undefined,
    onExit: () => {
      exits += 1;
      onExit();
    },
    startTimeoutMs: 10_000,
    heartbeatTimeoutMs: 10_000,
    log: pino({ level: 'silent' }),
    ...options,
  });
  const exited = (): Promise<void> =>
    new Promise((resolve) => {
      onExit = resolve;
    });
  return { process, exited, count: () => ({ forks, exits }) };
}

t.test('a child is ready, is told to stop, and is not replaced', async (t) => {
  const { process, count } = supervise(['serve']);
  process.start();
  await process.ready();
  t.equal(process.state, 'running');
  await process.stop({ stop: true }, 10_000);
  t.equal(process.state, 'stopped');
  t.same(count(), { forks: 1, exits: 1 });
  t.equal(process.restarts, 0);
});

t.test('a killed child is replaced', async (t) => {
  const { process, exited, count } = supervise(['serve']);
  process.start();
  await process.ready();
  const firstPid = process.pid;
  const gone = exited();
  process.kill();
  await gone;
  t.equal(process.state, 'waiting');
  await process.ready();
  t.not(process.pid, firstPid);
  t.equal(process.restarts, 1);
  await process.stop({ stop: true }, 10_000);
  t.same(count(), { forks: 2, exits: 2 });
});

t.test(
  'a child that never becomes ready, and one that falls silent, are killed and replaced',
  async (t) => {
    for (const [mood, limits] of [
      ['never ready', { startTimeoutMs: 50 }],
      ['silent', { heartbeatTimeoutMs: 50 }],
    ] as const) {
      const { process, exited } = supervise([mood, 'beat'], limits);
      const gone = exited();
      process.start();
      await gone;
      t.equal(process.restarts, 1, mood);
      await process.stop({ stop: true }, 10_000);
    }
  },
);

t.test('a child that ignores the stop is killed', async (t) => {
  const { process } = supervise(['deaf']);
  process.start();
  await process.ready();
  await process.stop({ stop: true }, 50);
  t.equal(process.state, 'stopped');
});

t.test('stopping between two lives ends the waiting', async (t) => {
  const { process, exited, count } = supervise(['serve']);
  process.start();
  await process.ready();
  const gone = exited();
  process.kill();
  await gone;
  await process.stop({ stop: true }, 10_000);
  t.equal(process.state, 'stopped');
  t.equal(count().forks, 1);
});

t.test('a child that has not said hello cannot hear the stop, and is not waited for', async (t) => {
  const { process: child, count } = supervise([], {
    isHello: () => false,
    fork: () => fork(CHILD, { execArgv: [], env: { ...process.env, DEAF: '1' } }),
  });
  child.start();
  await within(5_000, 'its end', child.stop({ stop: true }, 60_000));
  t.equal(child.state, 'stopped');
  t.equal(count().exits, 1);
});

t.test(
  'a child that the system has no files for, or refuses outright, is tried again',
  async (t) => {
    const { process: starved, exited: starvedExited } = supervise(['serve']);
    const giveBack = takeAllFiles();
    if (giveBack === null) {
      t.pass('skipped', { skip: NO_PRLIMIT });
    } else {
      const gone = starvedExited();
      starved.start();
      await within(5_000, 'the news that it never was', gone).finally(giveBack);
      t.equal(starved.state, 'waiting');
      await starved.ready();
      t.equal(starved.restarts, 1);
      await starved.stop({ stop: true }, 10_000);
    }

    let refusals = 0;
    const { process: refused } = supervise(['serve'], {
      fork: () => {
        refusals += 1;
        if (refusals === 1) throw new Error('spawn ENOMEM');
        return fork(CHILD, { execArgv: [] });
      },
      startMessage: () => ({ mood: 'serve' }),
    });
    refused.start();
    t.equal(refused.state, 'waiting');
    await refused.ready();
    t.equal(refused.restarts, 1);
    await refused.stop({ stop: true }, 10_000);
  },
);
