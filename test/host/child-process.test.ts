import { EventEmitter, once } from 'node:events';
import t from 'tap';
import { ChildProcess, type ChildEnd, type ChildSpec } from '../../src/host/child-process.js';
import { descendants, isRunning, killAll, processRef, untilGone } from '../support/process-tree.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';
import { within } from '../support/until.js';
import { fixtureSpec, QUICK_TIMING } from '../support/stdio-fixtures/stdio-fixture.js';

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly ends: readonly ChildEnd[];
  /** Resolves when stdout contains this. */
  until(text: string): Promise<void>;
  readonly ended: Promise<ChildEnd>;
}

function start(
  t: { teardown(release: () => unknown): void },
  spec: ChildSpec,
  timing = QUICK_TIMING,
): Run {
  const events = new EventEmitter();
  const ends: ChildEnd[] = [];
  let stdout = '';
  let settle: (end: ChildEnd) => void = () => undefined;
  const ended = new Promise<ChildEnd>((resolve) => {
    settle = resolve;
  });
  const child = new ChildProcess(spec, timing, {
    onStdout: (chunk) => {
      stdout += chunk.toString();
      events.emit('stdout');
    },
    onStderr: () => undefined,
    onDrain: () => events.emit('drain'),
    onCutOff: () => undefined,
    onEnd: (end) => {
      ends.push(end);
      settle(end);
    },
  });
  t.teardown(() => child.kill());
  return {
    child,
    stdout: () => stdout,
    ends,
    ended,
    async until(text) {
      while (!stdout.includes(text)) await once(events, 'stdout');
    },
  };
}

t.test('a child that obeys ends when its stdin does, without a signal', async (t) => {
  const run = start(t, fixtureSpec('echo'), { stdinCloseMs: 10_000, terminateMs: 10_000 });
  run.child.write(Buffer.from('{"id":1}\n'));
  await run.until('"id":1');
  await run.child.close();
  t.strictSame(run.ends, [{ kind: 'exited', exitCode: 0, signal: null }]);
});

t.test(
  'a child that ignores stdin and SIGTERM is killed, after it was asked both ways',
  async (t) => {
    const run = start(t, fixtureSpec('stubborn'));
    await run.until('ready');
    const ref = processRef(run.child.pid ?? 0);
    await run.child.close();
    t.match(run.stdout(), /got-sigterm/);
    t.strictSame(run.ends, [{ kind: 'exited', exitCode: null, signal: 'SIGKILL' }]);
    t.ok(ref !== undefined && !isRunning(ref));
  },
);

t.test('closing twice is closing once', async (t) => {
  const run = start(t, fixtureSpec('echo'));
  await Promise.all([run.child.close(), run.child.close()]);
  await run.child.close();
  await run.child.kill();
  t.equal(run.ends.length, 1);
});

for (const [what, end] of [
  ['is closed', (run: Run) => run.child.close()],
  ['is killed', (run: Run) => run.child.kill()],
  [
    'crashes',
    async (run: Run) => {
      run.child.write(Buffer.from('crash\n'));
      await run.ended;
    },
  ],
] as const) {
  t.test(`grandchildren do not outlive a child that ${what}`, async (t) => {
    const run = start(t, fixtureSpec('with-grandchild'));
    await run.until('pids');
    const family = descendants(process.pid).filter((ref) => run.stdout().includes(String(ref.pid)));
    t.equal(family.length, 3);
    await end(run);
    await untilGone(family, 2000);
    t.equal(run.ends.length, 1);
  });
}

t.test('output printed right before the exit is read to the end', async (t) => {
  const run = start(t, fixtureSpec('echo'));
  const size = 300_000;
  run.child.write(
    Buffer.from(`${JSON.stringify({ id: 9, method: 'crash-after-answer', params: { size } })}\n`),
  );
  t.strictSame(await run.ended, { kind: 'exited', exitCode: 1, signal: null });
  t.ok(run.stdout().length > size && run.stdout().endsWith('}}\n'));
});

t.test(
  'a grandchild that left the group and holds the pipe does not keep us waiting',
  async (t) => {
    // setsid puts the sleeper out of the group's reach, which is the documented limit.
    const run = start(t, {
      ...fixtureSpec('echo'),
      command: '/bin/sh',
      args: ['-c', 'setsid sh -c "echo \\$\\$; exec sleep 60" & read go; exit 4'],
    });
    await run.until('\n');
    run.child.write(Buffer.from('go\n'));
    const end = await within(10_000, 'the end', run.ended);
    t.strictSame(end, { kind: 'exited', exitCode: 4, signal: null });
    const escaped = processRef(Number(run.stdout()));
    t.ok(escaped !== undefined);
    killAll(escaped === undefined ? [] : [escaped]);
  },
);

t.test('a command that does not exist fails by event, not by exception', async (t) => {
  const run = start(t, { ...fixtureSpec('echo'), command: 'no-such-command-here' });
  t.equal(run.child.pid, undefined);
  t.match(await run.ended, { kind: 'spawn-failed', error: { code: 'ENOENT' } });
  await run.child.close();
  t.equal(run.ends.length, 1);
});

t.test('arguments that cannot be passed on fail likewise', async (t) => {
  const run = start(t, fixtureSpec('echo', ['a\0b']));
  t.strictSame(run.ends, []);
  t.match(await run.ended, { kind: 'spawn-failed', error: { code: 'ERR_INVALID_ARG_VALUE' } });
});

t.test('the command is looked up on the PATH that the child gets', async (t) => {
  const spec = fixtureSpec('echo');
  const missing = start(t, {
    ...spec,
    command: 'sh',
    args: ['-c', ':'],
    env: { PATH: '/nowhere' },
  });
  t.match(await missing.ended, { kind: 'spawn-failed' });
  const found = start(t, { ...spec, command: 'sh', args: ['-c', ':'], env: { PATH: '/bin' } });
  t.match(await found.ended, { kind: 'exited', exitCode: 0 });
});

t.test('arguments reach the child as they are, untouched by any shell', async (t) => {
  const args = ['$HOME', '; echo pwned', '*', '`id`'];
  const run = start(t, fixtureSpec('echo', args));
  run.child.write(Buffer.from('{"id":1}\n'));
  await run.until('"argv"');
  t.match(run.stdout(), JSON.stringify(args).slice(1, -1));
});

t.test('a child has only the environment it was given', async (t) => {
  const run = start(t, { ...fixtureSpec('echo'), env: { PATH: '/bin', TOKEN: 'x' } });
  run.child.write(Buffer.from('{"id":1}\n'));
  await run.until('"env"');
  const { result } = JSON.parse(run.stdout()) as { result: { env: Record<string, string> } };
  // tap adds what it needs to follow a child; everything else is ours.
  const names = Object.keys(result.env).filter((name) => !/^_TAPJS_|^NODE_OPTIONS$/.test(name));
  t.strictSame(names.sort(), ['PATH', 'TOKEN']);
  t.equal(result.env['PATH'], '/bin');
});

t.test('what a child does not read waits in the queue, and write says so', async (t) => {
  const run = start(t, fixtureSpec('deaf'));
  await run.until('ready');
  const chunk = Buffer.alloc(64 * 1024, 0x20);
  let lastAnswer = true;
  for (let turn = 0; turn < 30; turn += 1) {
    lastAnswer = run.child.write(chunk);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  t.equal(lastAnswer, false);
  t.ok(run.child.isFull);
  t.ok(run.child.queuedBytes > 1024 * 1024);
});

t.test('a child that there are no files for is said to have failed, with the cause', async (t) => {
  const giveBack = takeAllFiles();
  if (giveBack === null) {
    t.pass('skipped', { skip: NO_PRLIMIT });
    return;
  }
  const run = start(t, fixtureSpec('echo'));
  run.child.write(Buffer.from('{"id":1}\n'));
  await within(5_000, 'its end', run.ended).finally(giveBack);
  t.match(run.ends, [{ kind: 'spawn-failed', error: { code: 'EMFILE' } }]);
  await run.child.close();
});
