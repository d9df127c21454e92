import t from 'tap';
import { AlertReadings, type AlertSignals } from '../../src/primary/alert-readings.js';
import { AlertWatch } from '../../src/primary/alert-watch.js';
import type { AdmissionSnapshot, ServerAdmission } from '../../src/primary/admission-broker.js';
import { mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { RecentTraffic } from '../../src/telemetry/recent-traffic.js';

const thresholds = {
  ...{ cpuThresholdPercent: 80, memoryThresholdPercent: 85, diskThresholdPercent: 90 },
  ...{ errorRateThresholdPercent: 10, alertSustainedMs: 10_000, alertWindowMs: 60_000 },
  ...{ alertRefusals: 10, responseTimeThresholdMs: 5000 },
};

function bench() {
  const world = {
    thresholds,
    machine: { cpu: 10, memory: 10 } as { cpu: number; memory: number } | null,
    disks: [] as { of: string; usedPercent: number }[],
    server: {} as Partial<ServerAdmission>,
    total: { out: 0, limit: 500, queued: 0 },
    state: 'ready',
    process: { name: 'worker 1', isInLoop: false, isRunning: true },
    dropped: 0,
  };
  const traffic = new RecentTraffic({ windowMs: 60_000, slowMs: 5000 });
  const signals: AlertSignals = {
    machine: () => world.machine,
    disks: () => world.disks,
    admission: () => {
      const server = {
        breaker: { state: 'closed', failureRatio: 0, transitions: {} },
        ...{ configuredLimit: 50, effectiveLimit: 50, out: 0, queued: 0, usualMs: null },
        ...world.server,
      };
      const { queued, ...total } = world.total;
      return {
        calls: { total, queued },
        servers: new Map([['github', server]]),
      } as unknown as AdmissionSnapshot;
    },
    traffic,
    servers: () => [
      { name: 'github', enabled: true, kind: 'http', state: world.state, detail: null },
    ],
    processes: () => [world.process],
    droppedLogLines: () => world.dropped,
  };
  const said: string[] = [];
  const readings = new AlertReadings(() => world.thresholds, signals);
  const watch = new AlertWatch({
    alerts: {
      raise: (alert, target, message) => said.push(`${alert} ${target ?? '-'}: ${message}`),
      clear: (alert, target) => said.push(`over: ${alert} ${target ?? '-'}`),
    },
    readings: (nowMs) => readings.at(nowMs),
    repeatMs: () => 3_600_000,
  });
  let nowMs = 0;
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1000;
      watch.tick(nowMs);
    }
  };
  return { world, traffic, said, pass, now: () => nowMs };
}

t.test(
  'with a threshold of 100 an alert is over whatever is measured, with a lowered one it begins',
  (t) => {
    const { world, said, pass } = bench();
    world.machine = { cpu: 99, memory: 10 };
    pass(40);
    t.same(said, ['cpu-high -: CPU use is 99 %, above 80 %.']);
    world.thresholds = { ...thresholds, cpuThresholdPercent: 100, memoryThresholdPercent: 5 };
    pass(40);
    t.same(said.slice(1), ['over: cpu-high -', 'memory-high -: Memory in use is 10 %, above 5 %.']);
    t.end();
  },
);

t.test('a disk that fills is told for what it holds, and when there is room again', (t) => {
  const { world, said, pass } = bench();
  world.disks = [
    { of: 'data', usedPercent: 90 },
    { of: 'logs', usedPercent: 97.2 },
  ];
  pass(20);
  t.same(said, ['disk-space-low logs: Disk use of logs is 97 %, above 90 %.']);
  world.disks = [
    { of: 'data', usedPercent: 90 },
    { of: 'logs', usedPercent: 80 },
  ];
  pass(20);
  t.same(said.slice(1), ['over: disk-space-low logs']);
  t.end();
});

t.test('one busy second is no alert, a busy while is, and its end is seen', (t) => {
  const { world, said, pass } = bench();
  pass(5);
  world.machine = { cpu: 100, memory: 10 };
  pass(1);
  world.machine = { cpu: 10, memory: 10 };
  pass(20);
  t.same(said, []);
  world.machine = { cpu: 97, memory: 90 };
  pass(40);
  t.same(said, [
    'cpu-high -: CPU use is 97 %, above 80 %.',
    'memory-high -: Memory in use is 90 %, above 85 %.',
  ]);
  world.machine = null;
  pass(20);
  t.equal(said.length, 2, 'a reading that is missing ends nothing');
  world.machine = { cpu: 78, memory: 84 };
  pass(40);
  t.equal(said.length, 2, 'just below the threshold is not over');
  world.machine = { cpu: 50, memory: 50 };
  pass(40);
  t.same(said.slice(2), ['over: cpu-high -', 'over: memory-high -']);
  t.end();
});

t.test(
  'a pool is exhausted when it stays full with calls waiting, or at once when they fail',
  (t) => {
    const { world, said, pass, traffic, now } = bench();
    world.server = { out: 50, queued: 3 };
    world.total = { out: 500, limit: 500, queued: 3 };
    pass(5);
    world.server = { out: 50, queued: 0 };
    world.total = { out: 500, limit: 500, queued: 0 };
    pass(20);
    t.same(said, [], 'full is what a pool is for');
    world.server = { out: 50, queued: 3 };
    world.total = { out: 500, limit: 500, queued: 3 };
    pass(12);
    t.same(said, [
      'pool-exhausted -: All 500 slots (maxTotalConnections) are taken and 3 calls wait.',
      'pool-exhausted github: All 50 slots are taken and 3 calls wait.',
    ]);
    world.server = {};
    world.total = { out: 0, limit: 500, queued: 0 };
    pass(15);
    t.same(said.slice(2), ['over: pool-exhausted -', 'over: pool-exhausted github']);
    const report = 'requests\t2\tgithub\ttools/call\t503\tGW_QUEUE_TIMEOUT\n';
    traffic.addRequests(now(), mergeDeltas([report]));
    pass(1);
    t.match(said.at(-1), 'pool-exhausted github: 2 calls of the last 60 s got no slot');
    t.end();
  },
);

t.test('circuits, servers, processes and lost lines are told at once', (t) => {
  const { world, said, pass } = bench();
  world.server = {
    breaker: {
      state: 'half-open',
      failureRatio: 0.6,
      transitions: { closed: 0, open: 1, 'half-open': 1 },
    },
  };
  world.state = 'failing';
  world.process = { name: 'worker 1', isInLoop: true, isRunning: false };
  world.dropped = 7;
  pass(1);
  t.same(
    said.map((text) => text.split(':')[0]),
    [
      'circuit-open github',
      'server-down github',
      'process-restarting worker 1',
      'log-lines-dropped -',
    ],
  );
  world.server = {};
  world.state = 'ready';
  world.process = { name: 'worker 1', isInLoop: true, isRunning: true };
  pass(1);
  t.same(said.slice(4), [
    'over: circuit-open github',
    'over: server-down github',
    'over: process-restarting worker 1',
  ]);
  pass(12);
  t.equal(said.at(-1), 'over: log-lines-dropped -', 'when none was lost for a while');
  world.dropped = 3;
  pass(2);
  t.equal(said.length, 8, 'a replaced worker starts its count anew');
  t.end();
});
