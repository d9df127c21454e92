import t from 'tap';
import { DeltaWriter } from '../../src/telemetry/metric-delta.js';
import { RequestMetrics } from '../../src/telemetry/request-metrics.js';
import { requestRecord } from '../support/request-record.js';

function lines(metrics: RequestMetrics, family: string): string[] {
  const writer = new DeltaWriter();
  metrics.report(writer);
  return writer
    .take()
    .split('\n')
    .filter((line) => line.startsWith(`${family}\t`))
    .map((line) => line.split('\t').slice(1).join(' '))
    .sort();
}

const known = { isServer: (name: string) => name === 'files', isTool: () => true };

t.test('names from outside make no series', async (t) => {
  const metrics = new RequestMetrics({ ...known, isTool: (_, tool) => tool === 'echo' });
  for (let i = 0; i < 100; i += 1) {
    metrics.record(requestRecord({ server: `scan-${i}`, method: `made/up-${i}`, status: 404 }));
  }
  t.same(lines(metrics, 'requests'), ['100 unknown other 404 ok']);
  for (const target of ['echo', 'echo', 'made-up-1', 'made-up-2']) {
    metrics.record(requestRecord({ target }));
  }
  t.same(
    lines(metrics, 'operation').map((line) => line.replace(/^h[^ ]* /, '')),
    ['files tools/call echo ', 'files tools/call other '],
  );
});

t.test('an upstream that answers with every status makes a bounded number of series', async (t) => {
  const metrics = new RequestMetrics(known);
  for (let status = 200; status < 600; status += 1) metrics.record(requestRecord({ status }));
  const counted = lines(metrics, 'requests');
  t.equal(counted.length, 34);
  t.ok(counted.includes('367 files tools/call other other'));
});

t.test('the gateway’s own share is what neither queue nor server took', async (t) => {
  const metrics = new RequestMetrics(known);
  metrics.record(requestRecord({ totalMs: 20, queueMs: 5, beforeMs: 2, upstreamMs: 10 }));
  metrics.record(requestRecord({ totalMs: 20, beforeMs: -1 }));
  const overhead = lines(metrics, 'overhead');
  t.match(overhead[0], /^h2;\d+:1 files request$/);
  t.match(overhead[1], /^h3;\d+:1 files response$/);
});

t.test('how long somebody listened is no latency', async (t) => {
  const metrics = new RequestMetrics(known);
  metrics.record(requestRecord({ httpMethod: 'GET', method: '', isListening: true, totalMs: 1e6 }));
  const writer = new DeltaWriter();
  metrics.report(writer);
  t.equal(writer.take(), 'requests\t1\tfiles\tGET\t200\tok\nresponse_bytes\t100\tfiles\n');
  metrics.report(writer);
  t.equal(writer.take(), '', 'nothing happened since');
});

t.test('a server that is gone is forgotten when its last calls were told', (t) => {
  const present = new Set(['files']);
  const metrics = new RequestMetrics({ ...known, isServer: (name) => present.has(name) });
  metrics.record(requestRecord({}));
  present.delete('files');
  t.same(
    lines(metrics, 'requests').map((line) => line.split(' ')[1]),
    ['files'],
  );
  metrics.record(requestRecord({}));
  t.same(
    lines(metrics, 'requests').map((line) => line.split(' ')[1]),
    ['unknown'],
  );
  t.end();
});
