import t from 'tap';
import { StdioChannel, type ChannelEnd } from '../../src/host/stdio-channel.js';
import { monotonicMs } from '../../src/kernel/clock.js';
import type { ChildSpec } from '../../src/host/child-process.js';
import {
  ask,
  fixtureSpec,
  QUICK_TIMING,
  RecordingListener,
  recordingLog,
} from '../support/stdio-fixtures/stdio-fixture.js';
import { until } from '../support/until.js';

function open(
  t: { teardown(release: () => unknown): void },
  spec: ChildSpec,
  bounds: { readonly maxLineBytes?: number; readonly maxQueuedBytes?: number } = {},
) {
  const listener = new RecordingListener();
  const { log, entries } = recordingLog();
  const seen = { pids: [] as number[], spoke: 0, dropped: 0, gone: [] as ChannelEnd[] };
  let onGone: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    onGone = resolve;
  });
  const channel = new StdioChannel({
    spec,
    timing: QUICK_TIMING,
    maxLineBytes: bounds.maxLineBytes ?? 4 * 1024 * 1024,
    maxQueuedBytes: bounds.maxQueuedBytes ?? 1024 * 1024,
    log,
    nowMs: monotonicMs,
    listener,
    onStarted: (pid) => seen.pids.push(pid),
    onSpoke: () => {
      seen.spoke += 1;
    },
    onDroppedLine: () => {
      seen.dropped += 1;
    },
    onGone: (end) => {
      seen.gone.push(end);
      onGone();
    },
  });
  t.teardown(() => channel.close());
  return { channel, listener, entries, seen, gone };
}

t.test('a message reaches the child as one line and its answer comes back', async (t) => {
  const { channel, listener, seen } = open(t, fixtureSpec('echo'));
  channel.send(
    Buffer.from('{\n "id": 7,\r\n "method":"x",\n "params":{"big":12345678901234567890}\n}'),
  );
  const answer = await listener.message();
  t.equal(answer.id, 7);
  t.match(answer.result?.['line'], /"big":12345678901234567890/);
  t.equal(seen.spoke, 1);
  t.strictSame(seen.pids, [answer.result?.['pid']]);
});

t.test('a thousand messages in one turn arrive in order', async (t) => {
  const { channel, listener } = open(t, fixtureSpec('echo'));
  for (let id = 0; id < 1000; id += 1) {
    if (!ask(channel, { id, method: 'x' })) await channel.writable();
  }
  await listener.message(999);
  t.strictSame(
    listener.messages.map((message) => message.id),
    Array.from({ length: 1000 }, (_, id) => id),
  );
});

t.test('what is no message is dropped, counted and logged with a sample', async (t) => {
  const { listener, seen, entries, channel, gone } = open(t, fixtureSpec('noisy'));
  t.match(await listener.message(), { method: 'notifications/hello' });
  await channel.close();
  await gone;
  t.equal(listener.messages.length, 1);
  t.equal(listener.bytes[0]?.toString(), '{"jsonrpc":"2.0","method":"notifications/hello"}');
  t.equal(seen.dropped, 4);
  t.match(
    entries.filter((entry) => 'sample' in entry),
    [{ sample: 'Server ready on stdio!' }],
  );
});

t.test('the members of a batch come one by one', async (t) => {
  const { channel, listener } = open(t, fixtureSpec('echo'));
  ask(channel, { id: 1, method: 'batch' });
  t.match(await listener.message(1), { method: 'notifications/x' });
  t.match(await listener.message(0), { id: 1 });
});

t.test('a 50 MB line ends the child at once, at the cost of the cap and no more', async (t) => {
  const maxLineBytes = 4 * 1024 * 1024;
  const before = process.memoryUsage().rss;
  const { listener, seen, gone, entries } = open(
    t,
    fixtureSpec('long-line', [String(50_000_000)]),
    {
      maxLineBytes,
    },
  );
  const error = await listener.closed();
  t.equal(error.code, 'GW_UPSTREAM_PROTOCOL');
  await gone;
  t.equal(listener.closes.length, 1);
  t.equal(seen.gone[0]?.wasClosed, false);
  t.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024);
  t.match(
    entries.find((entry) => entry['msg'] === 'server process killed'),
    { level: 50, hint: /"maxLineBytes"/ },
    'with the setting to raise',
  );
});

t.test('a flood on stderr is logged at a bounded rate and does not stop answers', async (t) => {
  const { channel, listener, entries } = open(t, fixtureSpec('stderr-flood'));
  ask(channel, { id: 1, method: 'x' });
  t.equal((await listener.message()).id, 1);
  await channel.close();
  const lines = entries.filter((entry) => 'stderr' in entry);
  t.ok(lines.length >= 50 && lines.length < 100, `${lines.length} lines`);
  const suppressed = entries.filter((entry) => 'suppressedLines' in entry);
  t.ok(suppressed.length >= 1);
});

t.test('a crash is told once, with what the log needs to explain it', async (t) => {
  const spec = {
    ...fixtureSpec('echo'),
    command: '/bin/sh',
    args: ['-c', 'echo bad config >&2; exit 3'],
  };
  const { listener, gone, seen, entries } = open(t, spec);
  const error = await listener.closed();
  await gone;
  t.equal(error.code, 'GW_UPSTREAM_UNREACHABLE');
  t.match(error.options.log, { exitCode: 3, signal: null, lastStderr: ['bad config'] });
  t.notMatch(error.message, /bad config/);
  t.equal(listener.closes.length, 1);
  t.match(seen.gone, [{ hadSpoken: false, wasClosed: false }]);
  t.match(
    entries.find((entry) => entry['exitCode'] === 3),
    { level: 40 },
  );
});

t.test('a close is told once too, and is not taken for a crash', async (t) => {
  const { channel, listener, seen, gone } = open(t, fixtureSpec('echo'));
  ask(channel, { id: 1, method: 'x' });
  await listener.message();
  await channel.close();
  await gone;
  await channel.close();
  t.equal(listener.closes.length, 1);
  t.match(seen.gone, [{ wasClosed: true, hadSpoken: true }]);
  t.equal(ask(channel, { id: 2, method: 'x' }), true, 'nothing waits for a closed channel');
  await channel.writable();
});

for (const [what, overrides, hint] of [
  ['command', { command: 'no-such-command-here' }, /command was not found/],
  ['directory', { cwd: '/no/such/folder' }, /working directory was not found/],
  ['permission', { command: '/etc' }, /may not be executed/],
] as const) {
  t.test(`a missing ${what} is named in the hint, its value only in the log`, async (t) => {
    const spec = { ...fixtureSpec('echo'), ...overrides };
    const { listener, gone, seen } = open(t, spec);
    const error = await listener.closed();
    await gone;
    t.equal(error.code, 'GW_UPSTREAM_UNREACHABLE');
    t.match(error.options.hint, hint);
    t.notMatch(error.message, spec.command);
    t.match(error.options.log, { command: spec.command, sent: false });
    t.strictSame(seen.pids, []);
    t.match(seen.gone, [{ pid: null }]);
  });
}

t.test('a child that does not read is given up before its queue grows without bound', async (t) => {
  const { channel, listener, gone } = open(t, fixtureSpec('deaf'), { maxQueuedBytes: 256 * 1024 });
  await listener.message();
  const message = Buffer.from(`{"x":"${'y'.repeat(60_000)}"}`);
  let sent = 0;
  let saidNo = false;
  while (listener.closes.length === 0) {
    saidNo = !channel.send(message) || saidNo;
    sent += message.length;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  t.ok(saidNo);
  t.ok(sent < 2 * 1024 * 1024);
  t.equal(listener.closes[0]?.code, 'GW_UPSTREAM_PROTOCOL');
  await gone;
});

t.test('who waits to write is released by the end of the child', async (t) => {
  const { channel, listener, seen } = open(t, fixtureSpec('deaf'), {
    maxQueuedBytes: 10 * 1024 * 1024,
  });
  await listener.message();
  const message = Buffer.from(`{"x":"${'y'.repeat(900_000)}"}`);
  while (channel.send(message));
  const released = channel.writable();
  process.kill(seen.pids[0] ?? 0, 'SIGKILL');
  await released;
  t.equal(listener.closes.length, 1);
});

for (const [pipe, descriptor] of [
  ['stdin', '0'],
  ['stdout', '1'],
] as const) {
  t.test(
    `a child that closes its ${pipe} and runs on is ended, and its calls with it`,
    async (t) => {
      const { channel, listener, entries, gone } = open(t, fixtureSpec('cut-off', [descriptor]));
      await listener.message();
      // A closed stdin shows only when something is written to it.
      const hasEnded = (): boolean => {
        ask(channel, { id: 1, method: 'x' });
        return listener.closes.length > 0;
      };
      await until(hasEnded, { timeoutMs: 60_000, what: 'the end' });
      const [error] = listener.closes;
      t.match(error, { code: 'GW_UPSTREAM_PROTOCOL', message: new RegExp(`closed its ${pipe}`) });
      await gone;
      t.match(entries.at(-1), { level: 50, msg: 'server process killed' });
    },
  );
}

t.test('writable resolves when the child has read', async (t) => {
  const { channel, listener } = open(t, fixtureSpec('echo'));
  const big = 'y'.repeat(2_000_000);
  t.equal(ask(channel, { id: 1, method: 'x', params: { big } }), false);
  await channel.writable();
  t.equal(ask(channel, { id: 2, method: 'x' }), true);
  await listener.message(1);
});
