import t from 'tap';
import { TrafficHistory } from '../../src/primary/traffic-history.js';
import { DeltaWriter, mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { OPERATION, REQUESTS } from '../../src/telemetry/request-metrics.js';
import { LatencyHistogram } from '../../src/telemetry/latency-histogram.js';

/** `requests`: by `${method} ${status} ${reason}`. */
function delta(server: string, requests: Readonly<Record<string, number>>, ms: readonly number[]) {
  const writer = new DeltaWriter();
  for (const [key, count] of Object.entries(requests)) {
    writer.counter(REQUESTS, count, [server, ...key.split(' ')]);
  }
  const totalMs = new LatencyHistogram();
  for (const each of ms) totalMs.record(each);
  writer.histogram(OPERATION, totalMs, [server, 'tools/call', 'echo', '']);
  return mergeDeltas([writer.take()]);
}

t.test('what falls into five seconds is one point of its server, and of all', async (t) => {
  const history = new TrafficHistory();
  history.add(delta('a', { 'call 200 ok': 2, 'call 429 GW_RATE_LIMITED': 3 }, [10, 10]), 1000);
  history.add(delta('b', { 'call 502 GW_UPSTREAM_UNREACHABLE': 1 }, [100]), 4999);
  const [slot, ...more] = history.since(0, 4999);
  t.strictSame(more, []);
  t.match(slot, {
    agoSeconds: 0,
    servers: {
      a: { requests: 5, refused: 3, errors: 0 },
      b: { requests: 1, refused: 0, errors: 1 },
      '': { requests: 6, refused: 3, errors: 1 },
    },
  });
  const p50 = slot?.servers['a']?.p50Ms ?? 0;
  t.ok(p50 >= 10 && p50 < 11, String(p50));
  t.ok((slot?.servers['']?.p99Ms ?? 0) >= 100);
});

t.test('the present rate is that of the last whole slot', (t) => {
  const history = new TrafficHistory();
  t.equal(history.requestsPerSecond(0), 0);
  history.add(delta('a', { 'call 200 ok': 7, 'call 429 GW_RATE_LIMITED': 3 }, []), 1000);
  t.equal(history.requestsPerSecond(4999), 0, 'not complete');
  t.equal(history.requestsPerSecond(5000), 2);
  t.equal(history.requestsPerSecond(10_000), 0, 'a pause');
  t.end();
});

t.test('a page asks for what it has not seen, and gets the growing slot again', async (t) => {
  const history = new TrafficHistory();
  for (let second = 0; second < 20; second += 1) {
    history.add(delta('a', { 'call 200 ok': 1 }, [1]), second * 1000);
  }
  t.strictSame(
    history.since(0, 19_000).map(({ slot, agoSeconds }) => [slot, agoSeconds]),
    [
      [0, 15],
      [1, 10],
      [2, 5],
      [3, 0],
    ],
  );
  t.strictSame(
    history.since(3, 19_000).map(({ slot }) => slot),
    [3],
  );
});

t.test('ten minutes are kept, whether or not anyone comes', async (t) => {
  const history = new TrafficHistory();
  for (let slot = 0; slot < 500; slot += 1) {
    history.add(delta('a', { 'call 200 ok': 1 }, [1]), slot * 5000);
  }
  t.equal(history.since(0, 500 * 5000 - 1).length, 120);
  t.equal(history.since(0, 10_000 * 5000).length, 1, 'after a long sleep only the present');
});

t.test('a call beyond the last bucket is still a number in JSON', async (t) => {
  const history = new TrafficHistory();
  history.add(delta('a', { 'call 200 ok': 1 }, [1e9]), 0);
  t.type(history.since(0, 0)[0]?.servers['a']?.p99Ms, 'number');
  t.notMatch(JSON.stringify(history.since(0, 0)), /null/);
});
