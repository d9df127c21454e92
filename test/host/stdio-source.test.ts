import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ChildLedger } from '../../src/host/child-ledger.js';
import { StdioSource, type StdioSourceOptions } from '../../src/host/stdio-source.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';
import { until } from '../support/until.js';
import { processRef, untilGone } from '../support/process-tree.js';
import {
  ask,
  fixtureSpec,
  QUICK_TIMING,
  RecordingListener,
  recordingLog,
} from '../support/stdio-fixtures/stdio-fixture.js';

const SESSION = { purpose: 'session', user: 'alice', credential: null } as const;
const PROBE = { purpose: 'probe', user: '', credential: null } as const;

function sourceOf(
  t: { teardown(release: () => unknown): void },
  overrides: Partial<StdioSourceOptions> = {},
) {
  const clock = { nowMs: 0 };
  const source = new StdioSource({
    serverName: 'srv',
    spec: fixtureSpec('echo'),
    credentialVariable: null,
    maxProcesses: 2,
    maxLineBytes: 1024 * 1024,
    timing: QUICK_TIMING,
    ledger: null,
    log: recordingLog().log,
    nowMs: () => clock.nowMs,
    random: () => 1,
    ...overrides,
  });
  t.teardown(() => source.close());
  return { source, clock };
}

t.test('each opened channel is a process of its own', async (t) => {
  const { source } = sourceOf(t);
  const pids = await Promise.all(
    [1, 2].map(async (id) => {
      const listener = new RecordingListener();
      ask(source.open(SESSION, listener), { id, method: 'x' });
      return (await listener.message()).result?.['pid'];
    }),
  );
  t.equal(new Set(pids).size, 2);
  t.equal(source.openCount, 2);
});

t.test('a process counts against the cap until nothing is left of it', async (t) => {
  const { source } = sourceOf(t, { maxProcesses: 1, spec: fixtureSpec('stubborn') });
  const listener = new RecordingListener();
  const channel = source.open(SESSION, listener);
  await listener.message();
  t.throws(() => source.open(SESSION, new RecordingListener()), { code: 'GW_BULKHEAD_FULL' });
  const closed = channel.close();
  t.equal(source.openCount, 1);
  t.throws(() => source.open(SESSION, new RecordingListener()), { code: 'GW_BULKHEAD_FULL' });
  await closed;
  t.equal(source.openCount, 0);
  source.open(SESSION, new RecordingListener());
});

t.test('a command that dies at once is not started again until its wait is over', async (t) => {
  const { source, clock } = sourceOf(t, {
    spec: { ...fixtureSpec('echo'), command: '/bin/sh', args: ['-c', 'exit 1'] },
  });
  const listener = new RecordingListener();
  source.open(SESSION, listener);
  await listener.closed();
  while (source.openCount > 0)
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  t.throws(() => source.open(SESSION, new RecordingListener()), {
    code: 'GW_UPSTREAM_UNREACHABLE',
    options: { retryAfterMs: 200, log: { sent: false } },
  });
  t.match(source.status(), { state: 'failing', restarts: 1, reason: /process ended/ });
  clock.nowMs = 200;
  const again = new RecordingListener();
  source.open(SESSION, again);
  await again.closed();
  while (source.openCount > 0)
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  t.throws(() => source.open(SESSION, new RecordingListener()), {
    code: 'GW_UPSTREAM_UNREACHABLE',
    options: { retryAfterMs: 400 },
  });
});

t.test('a process that ended counts as a failure though its listener closes it then', async (t) => {
  const { source } = sourceOf(t, {
    spec: { ...fixtureSpec('echo'), command: '/bin/sh', args: ['-c', 'exit 1'] },
  });
  let closed: Promise<void> | null = null;
  const channel = source.open(SESSION, {
    onMessage: () => undefined,
    onClose: () => {
      closed = channel.close();
    },
  });
  await until(() => closed !== null && source.openCount === 0, {
    timeoutMs: 5000,
    what: 'its end',
  });
  t.match(source.status(), { state: 'failing', restarts: 1 });
  t.throws(() => source.open(SESSION, new RecordingListener()), {
    code: 'GW_UPSTREAM_UNREACHABLE',
    options: { retryAfterMs: 200 },
  });
});

t.test('failures of one user hold up that user, those of two everybody', async (t) => {
  const { source } = sourceOf(t, {
    maxProcesses: 9,
    spec: { ...fixtureSpec('echo'), command: '/bin/sh', args: ['-c', 'exit 1'] },
  });
  const failAs = async (user: string): Promise<void> => {
    const listener = new RecordingListener();
    source.open({ ...SESSION, user }, listener);
    await listener.closed();
  };
  const refusal = { code: 'GW_UPSTREAM_UNREACHABLE', options: { retryAfterMs: 200 } };
  await failAs('eve');
  t.throws(() => source.open({ ...SESSION, user: 'eve' }, new RecordingListener()), refusal);
  await failAs('ana');
  for (const user of ['eve', 'ana', 'ben']) {
    t.throws(() => source.open({ ...SESSION, user }, new RecordingListener()), {
      code: 'GW_UPSTREAM_UNREACHABLE',
      options: { retryAfterMs: 400 },
    });
  }
});

t.test('a command that is missing backs off too, even for probes, and says why', async (t) => {
  const { source } = sourceOf(t, { spec: { ...fixtureSpec('echo'), command: 'no-such-command' } });
  const listener = new RecordingListener();
  source.open(PROBE, listener);
  await listener.closed();
  t.throws(() => source.open(SESSION, new RecordingListener()), {
    message: /command was not found.*started again after a pause/,
  });
});

t.test('want of files is the gateway’s own, and not booked on the server', async (t) => {
  const { source, clock } = sourceOf(t);
  const giveBack = takeAllFiles();
  if (giveBack === null) {
    t.pass('skipped', { skip: NO_PRLIMIT });
    return;
  }
  const listener = new RecordingListener();
  source.open(SESSION, listener);
  const error = await listener.closed().finally(giveBack);
  t.match(error, { code: 'GW_SHED', message: /no file free/, options: { retryAfterMs: Number } });
  t.throws(() => source.open(SESSION, new RecordingListener()), {
    code: 'GW_SHED',
    message: /no file free .*started again after a pause/,
  });
  clock.nowMs = 10_000;
  const next = new RecordingListener();
  ask(source.open(SESSION, next), { id: 1, method: 'x' });
  t.match(await next.message(), { id: 1 });
});

t.test('a probe that the server answers by exiting costs no wait', async (t) => {
  const { source } = sourceOf(t);
  const listener = new RecordingListener();
  const channel = source.open(PROBE, listener);
  ask(channel, { id: 1, method: 'crash', params: { code: 1 } });
  await listener.closed();
  t.equal(source.status().state, 'ready');
  source.open(SESSION, new RecordingListener());
});

t.test('a child that worked and crashed is replaced at once', async (t) => {
  const { source } = sourceOf(t);
  const listener = new RecordingListener();
  const channel = source.open(SESSION, listener);
  ask(channel, { id: 1, method: 'x' });
  await listener.message();
  ask(channel, { id: 2, method: 'crash', params: { code: 1 } });
  await listener.closed();
  t.match(source.status(), { state: 'ready', restarts: 1 });
  source.open(SESSION, new RecordingListener());
});

t.test('a closed channel is no failure', async (t) => {
  const { source } = sourceOf(t);
  await source.open(SESSION, new RecordingListener()).close();
  t.match(source.status(), { state: 'ready', restarts: 0, openCount: 0 });
});

t.test('closing the source ends every process and refuses new ones', async (t) => {
  const { source } = sourceOf(t, { spec: fixtureSpec('stubborn') });
  const listeners = [new RecordingListener(), new RecordingListener()];
  for (const listener of listeners) source.open(SESSION, listener);
  const pids = await Promise.all(
    listeners.map(async (listener) => Number((await listener.message()).params?.['pid'])),
  );
  const refs = pids.map((pid) => processRef(pid)).filter((ref) => ref !== undefined);
  t.equal(refs.length, 2);
  await source.close();
  await untilGone(refs, 1000);
  t.strictSame(
    listeners.map((listener) => listener.closes.length),
    [1, 1],
  );
  t.throws(() => source.open(SESSION, new RecordingListener()), { code: 'GW_DRAINING' });
});

t.test('a child whose record cannot be written runs all the same', async (t) => {
  const folder = join(t.testdir(), 'children');
  const ledger = new ChildLedger(folder);
  rmSync(folder, { recursive: true });
  const { log, entries } = recordingLog();
  const { source } = sourceOf(t, { ledger, log });
  const listener = new RecordingListener();
  ask(source.open(SESSION, listener), { id: 1, method: 'x' });
  t.equal((await listener.message()).id, 1);
  t.match(
    entries.find((entry) => entry['level'] === 40),
    { msg: /record of a server process/ },
  );
});

t.test('a child is on record exactly while it lives', async (t) => {
  const folder = join(t.testdir(), 'children');
  const { source } = sourceOf(t, { ledger: new ChildLedger(folder) });
  const listener = new RecordingListener();
  const channel = source.open(SESSION, listener);
  ask(channel, { id: 1, method: 'x' });
  const pid = (await listener.message()).result?.['pid'];
  t.strictSame(readdirSync(folder), [String(pid)]);
  await channel.close();
  t.strictSame(readdirSync(folder), []);
});

t.test('a hundred openings and closings leave no process, zombie or timer behind', async (t) => {
  const { source } = sourceOf(t, {
    maxProcesses: 100,
    spec: { ...fixtureSpec('echo'), command: '/bin/cat', args: [] },
  });
  const channels = Array.from({ length: 100 }, () => source.open(SESSION, new RecordingListener()));
  t.equal(source.openCount, 100);
  await Promise.all(channels.map((channel) => channel.close()));
  t.equal(source.openCount, 0);
  const children = readdirSync(`/proc/${process.pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  const cats = children.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').includes('(cat)');
    } catch {
      return false;
    }
  });
  t.strictSame(cats, []);
});

t.test("its owner's credential is in the environment of its process and of no other", async (t) => {
  const { source } = sourceOf(t, { maxProcesses: 3, credentialVariable: 'TOKEN' });
  const tokenOf = async (credential: string | null): Promise<unknown> => {
    const listener = new RecordingListener();
    ask(source.open({ ...SESSION, credential }, listener), { id: 1, method: 'x' });
    return ((await listener.message()).result?.['env'] as Record<string, unknown>)['TOKEN'];
  };
  t.strictSame(await Promise.all(['a', 'b', null].map(tokenOf)), ['a', 'b', undefined]);
});
