import t from 'tap';
import { AlertDelivery, testSink } from '../../src/telemetry/alert-delivery.js';
import type { AlertNotice } from '../../src/telemetry/alert-notice.js';
import { AlertSinkError } from '../../src/telemetry/alert-sink.js';
import { alertNotice } from '../support/alert-notice.js';
import { until } from '../support/until.js';

function bench(answers: readonly (null | AlertSinkError)[]) {
  const tried: string[] = [];
  const warned: string[] = [];
  const left = [...answers];
  const sink = {
    name: 'webhook',
    deliver: ({ message }: AlertNotice) => {
      tried.push(message);
      const answer = left.shift() ?? null;
      return answer === null ? Promise.resolve() : Promise.reject(answer);
    },
  };
  const log = {
    warn: (_facts: object, text: string) => {
      warned.push(text);
    },
  };
  return { sink, log, tried, warned };
}

const later = new AlertSinkError('it answered 503', true);
const never = new AlertSinkError('it answered 404', false);

t.test('a temporary failure is tried again, in order; a lasting one is not', async (t) => {
  const { sink, log, tried, warned } = bench([later, later, null, never, null]);
  const delivery = new AlertDelivery({ sink, log, firstDelayMs: 1 });
  for (const message of ['a', 'b', 'c']) delivery.send(alertNotice({ message }));
  await until(() => delivery.counts().delivered === 2, {
    timeoutMs: 10_000,
    what: 'two delivered',
  });
  t.same(tried, ['a', 'a', 'a', 'b', 'c']);
  t.same(delivery.counts(), { delivered: 2, lost: 1, queued: 0 });
  t.same(warned, ['an alert did not get through: webhook: it answered 404']);
});

t.test('attempts end, and a full queue gives up its oldest', async (t) => {
  const { sink, log, tried } = bench([later, later, later]);
  const delivery = new AlertDelivery({ sink, log, firstDelayMs: 1, maxAttempts: 2, maxQueued: 2 });
  for (const message of ['a', 'b', 'c', 'd']) delivery.send(alertNotice({ message }));
  await until(() => delivery.counts().delivered === 2, { timeoutMs: 10_000, what: 'the last two' });
  t.same(tried, ['a', 'a', 'c', 'c', 'd']);
  t.same(delivery.counts(), { delivered: 2, lost: 2, queued: 0 });
});

t.test('a stop gives what waits one attempt', async (t) => {
  const { sink, log, tried } = bench([later, later]);
  const delivery = new AlertDelivery({ sink, log, firstDelayMs: 3_600_000 });
  for (const message of ['a', 'b']) delivery.send(alertNotice({ message }));
  await until(() => tried.length === 1, { timeoutMs: 10_000, what: 'the first attempt' });
  await delivery.close();
  t.same(tried, ['a', 'a', 'b']);
  t.same(delivery.counts(), { delivered: 1, lost: 1, queued: 0 });
});

t.test('a test is one attempt; what is thrown unexpectedly is told by name only', async (t) => {
  const broken = {
    name: 'webhook',
    deliver: () => Promise.reject(new TypeError('https://secret/')),
  };
  t.match(await testSink(broken, alertNotice()), { ok: false, detail: 'TypeError' });
  const { sink } = bench([null]);
  t.match(await testSink(sink, alertNotice()), { sink: 'webhook', ok: true, detail: null });
});
