import t from 'tap';
import type { ServerCheck } from '../../src/ipc/server-check.js';
import { HealthChecks } from '../../src/primary/health-checks.js';

const UP: ServerCheck = {
  outcome: 'up',
  latencyMs: 12,
  era: 'modern',
  by: 'request',
  tools: null,
  problem: null,
};
const DOWN: ServerCheck = { ...UP, outcome: 'down', era: null, problem: 'ECONNREFUSED' };

function rig(names: readonly string[]) {
  const asked: [string, number][] = [];
  const said: string[] = [];
  const world = { servers: names, hasWorker: true, intervalMs: 30_000 };
  const checks = new HealthChecks({
    intervalMs: () => world.intervalMs,
    servers: () => world.servers,
    ask: (server, check) => {
      if (world.hasWorker) asked.push([server, check]);
      return world.hasWorker;
    },
    onTools: (server, tools) => said.push(`${server} has ${tools.join()}`),
    onChange: (server, { state }) => said.push(`${server} is ${state}`),
    random: () => 0.5,
  });
  return { checks, asked, said, world };
}

t.test('every server is asked each interval, and never twice at once', (t) => {
  const { checks, asked, said } = rig(['a']);
  checks.tick(1500);
  checks.tick(1600);
  t.same(asked, [['a', 1]]);
  t.equal(checks.of('a').state, 'unknown');
  checks.checked(2000, 'a', 1, { ...UP, tools: ['echo'] });
  t.match(checks.of('a'), { state: 'up', era: 'modern', latencyMs: 12, tools: ['echo'] });
  checks.tick(31_999);
  t.equal(asked.length, 1);
  checks.tick(32_000);
  t.same(asked[1], ['a', 2]);
  checks.checked(32_010, 'a', 2, UP);
  t.same(checks.of('a').tools, ['echo'], 'what was not asked for stays');
  t.same(said, ['a has echo', 'a is up']);
  t.end();
});

t.test('many servers are asked a few at a time', (t) => {
  const { checks, asked } = rig(Array.from({ length: 10 }, (_, i) => `s${i}`));
  checks.tick(0);
  t.same(asked, [], 'the first round is spread');
  checks.tick(2000);
  t.equal(asked.length, 4);
  checks.checked(2001, 's0', 1, UP);
  checks.tick(2002);
  t.equal(asked.length, 5);
  t.end();
});

t.test('failures add up until an answer, and the last error stays', (t) => {
  const { checks, said } = rig(['a']);
  let nowMs = 0;
  const round = (result: ServerCheck, check: number) => {
    nowMs += 40_000;
    checks.tick(nowMs);
    checks.checked(nowMs, 'a', check, result);
  };
  checks.tick(0);
  round(DOWN, 1);
  round({ ...UP, outcome: 'skipped' }, 2);
  round(DOWN, 3);
  t.match(checks.of('a'), { state: 'down', failuresInARow: 2, problem: 'ECONNREFUSED' });
  round({ ...UP, by: 'idle' }, 4);
  t.match(checks.of('a'), {
    state: 'idle',
    failuresInARow: 0,
    problem: null,
    lastError: 'ECONNREFUSED',
  });
  t.same(checks.counts().get('a'), { up: 1, down: 2 });
  t.same(said, ['a is down', 'a is idle']);
  t.end();
});

t.test('a server that did not answer is asked again soon, then ever later', (t) => {
  const { checks, asked } = rig(['a']);
  checks.tick(0);
  let nowMs = 1500;
  for (const pauseMs of [5000, 10_000, 20_000, 30_000, 30_000]) {
    checks.tick(nowMs);
    const count = asked.length;
    checks.checked(nowMs, 'a', count, DOWN);
    checks.tick(nowMs + pauseMs - 1);
    t.equal(asked.length, count, `not before ${pauseMs} ms`);
    nowMs += pauseMs;
  }
  checks.tick(nowMs);
  checks.checked(nowMs, 'a', 6, UP);
  checks.tick(nowMs + 29_999);
  t.equal(asked.length, 6, 'an answer makes it one of the others again');
  checks.tick(nowMs + 30_000);
  t.equal(asked.length, 7);
  t.end();
});

t.test('whoever waits longest is asked first', (t) => {
  const { checks, asked } = rig(['a', 'b', 'c', 'd', 'e']);
  checks.tick(0);
  checks.tick(1500);
  for (const check of [1, 2, 3, 4]) checks.checked(1500, 'abcd'[check - 1] ?? '', check, DOWN);
  checks.tick(40_000);
  t.same(
    asked.slice(4).map(([server]) => server),
    ['e', 'a', 'b', 'c'],
  );
  t.end();
});

t.test('a worker that dies with the question does not stop the checks', (t) => {
  const { checks, asked, world } = rig(['a']);
  checks.tick(0);
  checks.tick(2000);
  checks.tick(60_000);
  t.same(asked, [
    ['a', 1],
    ['a', 2],
  ]);
  checks.checked(60_001, 'a', 1, DOWN);
  t.equal(checks.of('a').state, 'unknown', 'the answer to a check given up is not heard');
  checks.checked(60_002, 'a', 2, UP);
  world.hasWorker = false;
  checks.tick(200_000);
  world.hasWorker = true;
  checks.tick(200_250);
  t.equal(asked.length, 3, 'no worker: soon again');
  t.end();
});

t.test('servers come and go', (t) => {
  const { checks, asked, world } = rig(['a', 'b']);
  checks.tick(0);
  checks.tick(2000);
  checks.checked(2001, 'a', 1, UP);
  world.servers = ['a', 'c'];
  checks.tick(3000);
  checks.checked(3001, 'b', 2, UP);
  t.equal(checks.of('b').state, 'unknown');
  t.equal(checks.of('a').state, 'up', 'the others keep what is known');
  checks.tick(5000);
  t.same(asked.at(-1), ['c', 3]);
  t.end();
});

t.test('a shortened interval holds for checks that were due later', (t) => {
  const { checks, asked, world } = rig(['a']);
  checks.tick(0);
  checks.tick(2000);
  checks.checked(2000, 'a', 1, UP);
  world.intervalMs = 1000;
  checks.tick(2100);
  t.equal(asked.length, 1);
  checks.tick(3200);
  t.equal(asked.length, 2);
  t.end();
});
