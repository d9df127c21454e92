import t from 'tap';
import { DeltaWriter, mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { MAX_TOOLS, MetricTotals } from '../../src/telemetry/metric-totals.js';

function report(write: (writer: DeltaWriter) => void) {
  const writer = new DeltaWriter();
  write(writer);
  return mergeDeltas([writer.take()]);
}

t.test(
  'tools beyond the bound are counted together, and those within keep their series',
  async (t) => {
    const totals = new MetricTotals(new Map([['calls', { server: 0, tool: 1 }]]));
    const round = () => {
      totals.add(
        report((writer) => {
          for (let i = 0; i < MAX_TOOLS + 10; i += 1)
            writer.counter('calls', 1, ['files', `t${i}`]);
          writer.counter('calls', 1, ['mail', 't39']);
        }),
      );
    };
    round();
    round();
    const series = new Map(
      totals.counters('calls').map(({ labels, value }) => [labels.join(), value]),
    );
    t.equal(series.size, MAX_TOOLS + 2);
    t.equal(series.get('files,t0'), 2);
    t.equal(series.get('files,other'), 20);
    t.equal(series.get('mail,t39'), 2, 'the bound is each server’s own');
  },
);

t.test('label sets without end take no memory without end', async (t) => {
  const totals = new MetricTotals();
  for (let i = 0; i < 6; i += 1) {
    totals.add(
      report((writer) => {
        for (let j = 0; j < 1000; j += 1) writer.counter('f', 1, [`${i}-${j}`]);
      }),
    );
  }
  t.equal(totals.counters('f').length, 5000);
  t.equal(totals.lost, 1000);
  totals.add(
    report((writer) => {
      writer.counter('f', 1, ['0-0']);
    }),
  );
  t.equal(totals.counters('f')[0]?.value, 2, 'those that are there go on');
});
