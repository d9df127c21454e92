import t from 'tap';
import type { AttemptEnd } from '../../src/gateway/admission.js';
import { AttemptEnds } from '../../src/gateway/attempt-ends.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';

const end = (health: AttemptEnd['health'], load: AttemptEnd['load'] = 'ignore'): AttemptEnd => ({
  health,
  load,
  latencyClass: 'echo',
  latencyMs: 10,
});

function collector() {
  const sent: WorkerEvent[] = [];
  return { sent, ends: new AttemptEnds((event) => sent.push(event)) };
}

t.test('successes wait for the sweep; a failure is told at once, with those before it', (t) => {
  const { sent, ends } = collector();
  ends.add('s', 1, end('success', 'success'), 3);
  ends.add('s', 1, end('success', 'success'), 2);
  t.same(sent, []);
  ends.add('s', 1, end('failure', 'dropped'), 1);
  t.match(sent, [
    {
      kind: 'ended',
      server: 's',
      generation: 1,
      successes: 2,
      failures: 1,
      window: { maxInFlight: 3, dropped: 1, successes: 2 },
    },
  ]);
  ends.sweep();
  t.equal(sent.length, 1, 'nothing is told twice');
  t.end();
});

t.test('outcomes of two generations are not mixed', (t) => {
  const { sent, ends } = collector();
  ends.add('s', 1, end('success'), 1);
  ends.add('s', 2, end('success'), 1);
  ends.sweep();
  t.match(sent, [
    { generation: 1, successes: 1 },
    { generation: 2, successes: 1 },
  ]);
  t.end();
});

t.test('what says nothing is not sent', (t) => {
  const { sent, ends } = collector();
  ends.add('s', 1, end('ignore'), 1);
  ends.sweep();
  t.same(sent, []);
  t.end();
});
