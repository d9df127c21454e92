import t from 'tap';
import type { WindowSummary } from '../../src/policy/sample-window.js';
import { AdaptiveLimits } from '../../src/primary/adaptive-limits.js';

const good = (count: number, meanMs = 10): WindowSummary => ({
  maxInFlight: 1000,
  dropped: 0,
  successes: count,
  classes: [{ key: 'echo', count, sumMs: count * meanMs }],
});
const dropped: WindowSummary = { maxInFlight: 1, dropped: 5, successes: 0, classes: [] };

/** Of users that are not told apart. */
const ofAll = (window: WindowSummary) => {
  return { successes: window.successes, failures: window.dropped, users: [], window };
};

const of = (user: string, window: WindowSummary) => {
  const { successes, dropped } = window;
  return { ...ofAll(window), users: [{ user, successes, failures: dropped, dropped }] };
};

function limits(isAdaptive = true, byLatency: readonly string[] = []) {
  const changes: number[] = [];
  const times: number[] = [];
  const all = new AdaptiveLimits(
    {
      limits: new Map([['s', 50]]),
      isAdaptive,
      byLatency: new Set(byLatency),
      onLimit: (_server, limit) => changes.push(limit),
      onServiceTime: (_server, usualMs) => times.push(usualMs),
    },
    0,
  );
  return { all, changes, times };
}

t.test(
  'drops lower the limit, never below its floor; use brings it back to the configured',
  (t) => {
    const { all, changes } = limits();
    let nowMs = 0;
    for (let i = 0; i < 40; i += 1) {
      all.record('s', ofAll(dropped), 50, nowMs);
      all.tick((nowMs += 1000));
    }
    t.equal(all.limitOf('s'), 10);
    t.equal(changes[0], 45);
    for (let i = 0; i < 60; i += 1) {
      all.record('s', ofAll(good(20)), 50, nowMs);
      all.tick((nowMs += 1000));
    }
    t.equal(all.limitOf('s'), 50);
    t.equal(Math.max(...changes), 50);
    t.end();
  },
);

t.test('a limit that is not used does not grow, whatever workers report of themselves', (t) => {
  const { all } = limits();
  all.record('s', ofAll(dropped), 50, 0);
  all.tick(1000);
  for (let window = 2; window < 10; window += 1) {
    for (let report = 0; report < 20; report += 1)
      all.record('s', ofAll(good(20)), 3, window * 1000);
    all.tick(window * 1000);
  }
  t.equal(all.limitOf('s'), 45);
  t.end();
});

t.test('the service time is learned in any case, smoothly; the limit stays where it is', (t) => {
  const { all, changes, times } = limits(false);
  all.record('s', ofAll(good(20, 100)), 5, 0);
  all.tick(1000);
  all.record('s', ofAll(good(20, 200)), 5, 1000);
  all.record('s', ofAll(dropped), 5, 1000);
  all.tick(2000);
  t.same(times, [100, 130]);
  t.equal(all.usualMs('s'), 130);
  t.same(changes, []);
  all.record('nope', ofAll(good(20)), 1, 2000);
  t.equal(all.limitOf('nope'), undefined);
  t.equal(all.usualMs('nope'), null);
  t.end();
});

t.test('latency alone moves the limit only of servers that are to follow it', (t) => {
  const slowed = (byLatency: readonly string[]): number | undefined => {
    const { all } = limits(true, byLatency);
    let nowMs = 0;
    const windows = (count: number, meanMs: number): void => {
      for (let i = 0; i < count; i += 1) {
        all.record('s', ofAll(good(20, meanMs)), 50, nowMs);
        all.tick((nowMs += 1000));
      }
    };
    windows(20, 10);
    windows(20, 100);
    return all.limitOf('s');
  };
  t.equal(slowed([]), 50, 'tools may be slow by nature');
  t.ok((slowed(['s']) ?? 50) < 40);
  t.end();
});

t.test('another tool, slow by nature, is no sign of congestion', (t) => {
  const { all } = limits(true, ['s']);
  const slowTool = { ...good(20), classes: [{ key: 'report', count: 20, sumMs: 20 * 5000 }] };
  for (let window = 1; window <= 40; window += 1) {
    all.record('s', ofAll(window % 2 === 0 ? good(20) : slowTool), 50, window * 1000);
    all.tick(window * 1000);
  }
  t.equal(all.limitOf('s'), 50);
  t.end();
});

t.test('a share of the limit keeps what was learnt', (t) => {
  const { all, changes, times } = limits();
  all.record('s', ofAll(dropped), 50, 0);
  all.record('s', ofAll(good(20, 7)), 50, 0);
  all.tick(1000);
  const learnt = all.limitOf('s') ?? 0;
  t.ok(learnt < 50);
  all.resize(
    new Map([
      ['s', 20],
      ['other', 5],
    ]),
    1001,
  );
  t.equal(all.limitOf('s'), Math.round((learnt * 20) / 50));
  t.equal(changes.at(-1), all.limitOf('s'));
  t.equal(all.usualMs('s'), times.at(-1));
  t.equal(all.limitOf('other'), undefined);
  const told = changes.length;
  all.resize(new Map([['s', 20]]), 1002);
  t.equal(changes.length, told, 'the same share is no news');
  for (let window = 2; window < 60; window += 1) {
    all.record('s', ofAll(good(20)), 20, window * 1000);
    all.tick(window * 1000);
  }
  t.equal(all.limitOf('s'), 20, 'and it comes back');
  all.record('s', ofAll(dropped), 20, 59_400);
  all.resize(new Map([['s', 19]]), 59_500);
  all.tick(60_000);
  t.ok((all.limitOf('s') ?? 19) < 19, 'what came in before a change of shares is not forgotten');
  t.end();
});

t.test('what one user alone meets is no overload, as long as there are calls of others', (t) => {
  const { all, changes } = limits();
  const limitAfter = (nowMs: number): number | undefined => {
    all.tick(nowMs);
    return all.limitOf('s');
  };
  all.record('s', of('bob', good(1)), 50, 0);
  for (let second = 0; second < 9; second += 1) {
    all.record('s', of('ana', dropped), 50, second * 1000);
    all.tick((second + 1) * 1000);
  }
  t.same(changes, []);
  all.record('s', of('ana', dropped), 50, 12_000);
  t.equal(limitAfter(13_000), 45, 'the last call of another is too long ago');
  all.record('s', of('bob', { ...dropped, dropped: 1 }), 50, 13_000);
  all.record('s', of('cleo', good(5)), 50, 13_000);
  t.equal(limitAfter(14_000), 40, 'two users meet it');
  t.end();
});

t.test('a call that was limited and is no failure counts as dropped', (t) => {
  const { all } = limits();
  const ends = (user: string, successes: number, count: number) => {
    const window = { maxInFlight: 1, dropped: count, successes: successes - count, classes: [] };
    return {
      successes,
      failures: 0,
      users: [{ user, successes, failures: 0, dropped: count }],
      window,
    };
  };
  all.record('s', ends('ana', 5, 5), 50, 0);
  all.record('s', ends('bob', 5, 0), 50, 0);
  all.tick(1000);
  t.equal(all.limitOf('s'), 50);
  all.record('s', ends('bob', 5, 1), 50, 1000);
  all.tick(2000);
  t.equal(all.limitOf('s'), 45);
  t.end();
});
