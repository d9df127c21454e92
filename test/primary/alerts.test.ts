import t from 'tap';
import { Alerts } from '../../src/primary/alerts.js';
import { AlertDelivery } from '../../src/telemetry/alert-delivery.js';
import type { AlertNotice } from '../../src/telemetry/alert-notice.js';
import { AlertSinkError } from '../../src/telemetry/alert-sink.js';
import { alertNotice } from '../support/alert-notice.js';
import { until } from '../support/until.js';

function bench(cooldownMs = 300_000) {
  const clock = { nowMs: 1000 };
  const told: AlertNotice[] = [];
  const logged: string[] = [];
  const write = (level: string) => (_facts: object, text: string) => {
    logged.push(`${level} ${text}`);
  };
  const log = { info: write('info'), warn: write('warn'), error: write('error') };
  const sink = {
    name: 'webhook',
    deliver: (notice: AlertNotice) => {
      told.push(notice);
      return notice.kind === 'test'
        ? Promise.reject(new AlertSinkError('it answered 500', true))
        : Promise.resolve();
    },
  };
  const delivery = new AlertDelivery({ sink, log: { warn: () => undefined } });
  const recorded: string[] = [];
  const alerts = new Alerts({
    ...{ cooldownMs, log, port: 8080 },
    sinks: {
      sinks: [sink],
      send: (notice) => {
        delivery.send(notice);
      },
    },
    record: ({ kind, alert }) => {
      recorded.push(`${kind} ${alert}`);
    },
    nowMs: () => clock.nowMs,
  });
  return { alerts, clock, told, logged, recorded };
}

t.test('a cause is told once, its repeats are counted, its end is told', async (t) => {
  const { alerts, clock, told, logged } = bench();
  alerts.raise('circuit-open', 'github', 'Half of the calls failed.');
  for (let repeat = 0; repeat < 7; repeat += 1) {
    clock.nowMs += 5000;
    alerts.raise('circuit-open', 'github', 'Half of the calls failed.');
  }
  const [active] = alerts.active();
  t.equal(active?.look, 'multi-mcp servers test github');
  t.match(active, { target: 'github', suppressed: 7, durationMs: 35_000, cooldownLeftMs: 265_000 });
  clock.nowMs += 5000;
  alerts.clear('circuit-open', 'github');
  alerts.clear('circuit-open', 'github');
  await until(() => told.length === 2, { timeoutMs: 5000, what: 'both messages' });
  t.match(told[0], { kind: 'alert', severity: 'critical', suppressed: 0 });
  t.match(told[1], { kind: 'recovery', durationMs: 40_000, suppressed: 7 });
  t.equal(told[1]?.since, told[0]?.since);
  t.match(
    logged[0],
    /^error CRITICAL circuit-open github: Half of the calls failed\. \[.*:8080\]$/,
  );
  t.match(
    logged[1],
    /^info RECOVERED circuit-open github after 40 s: It is over\. It was: Half of .*suppressed 7 repeats/,
  );
  t.equal(told[1]?.message, 'It is over. It was: Half of the calls failed.');
  t.equal(alerts.active().length, 0);
  t.match(alerts.view().alerts, [{ isActive: false, durationMs: null, cooldownLeftMs: 260_000 }]);
  t.same(
    alerts.view().history.map(({ kind }) => kind),
    ['recovery', 'alert'],
    'newest first',
  );
  t.same(alerts.totals().get('circuit-open'), { told: 1, suppressed: 7 });
});

t.test('causes and targets do not silence each other', (t) => {
  const { alerts } = bench();
  alerts.raise('circuit-open', 'github', 'x');
  alerts.raise('circuit-open', 'files', 'x');
  alerts.raise('cpu-high', null, 'x');
  t.equal(alerts.view().history.length, 3);
  alerts.clear('cpu-high', null);
  t.equal(alerts.active().length, 2);
  t.end();
});

t.test('within the cooldown a second episode is silent and its start its own', (t) => {
  const { alerts, clock } = bench(10_000);
  alerts.raise('cpu-high', null, 'first');
  alerts.clear('cpu-high', null);
  clock.nowMs += 5000;
  alerts.raise('cpu-high', null, 'second');
  t.match(alerts.active(), [{ message: 'second', suppressed: 1, durationMs: 0 }]);
  alerts.clear('cpu-high', null);
  t.equal(alerts.view().history.length, 2, 'nothing of the second');
  clock.nowMs += 5000;
  alerts.raise('cpu-high', null, 'third');
  t.match(alerts.view().history[0], { kind: 'alert', message: 'third', suppressed: 1 });
  t.end();
});

t.test('the history is bounded', (t) => {
  const { alerts } = bench(0);
  for (let count = 0; count < 500; count += 1) alerts.raise('cpu-high', null, String(count));
  const { history } = alerts.view();
  t.equal(history.length, 200);
  t.equal(history[0]?.message, '499');
  t.end();
});

t.test('a test message goes through every sink at once and says how it went', async (t) => {
  const { alerts, told, logged } = bench();
  t.match(await alerts.test(), [
    { sink: 'log', ok: true },
    { sink: 'webhook', ok: false, detail: 'it answered 500' },
  ]);
  t.equal(told.length, 1, 'one attempt');
  t.match(logged[0], /^warn TEST test: /);
  t.equal(alerts.view().history.length, 0, 'it is no alert');
});

t.test('what is told is recorded, a test and a repeat are not', async (t) => {
  const { alerts, recorded } = bench();
  alerts.raise('cpu-high', null, 'x');
  alerts.raise('cpu-high', null, 'x');
  await alerts.test();
  alerts.clear('cpu-high', null);
  t.same(recorded, ['alert cpu-high', 'recovery cpu-high']);
});

t.test('messages of a former run stand before its own, each once', (t) => {
  const { alerts } = bench(0);
  alerts.raise('cpu-high', null, 'own');
  const own = alerts.view().history;
  alerts.remember([...[1, 2].map((n) => alertNotice({ at: `2026-01-0${n}` })), ...own]);
  t.same(
    alerts.view().history.map(({ at }) => at.slice(0, 10)),
    [own[0]?.at.slice(0, 10), '2026-01-02', '2026-01-01'],
  );
  alerts.remember(Array.from({ length: 300 }, (_, n) => alertNotice({ at: String(n) })));
  t.equal(alerts.view().history.length, 200);
  t.equal(alerts.view().history[0]?.message, 'own');
  t.end();
});

t.test('another cooldown holds at once, and what is an alert stays one', (t) => {
  const { alerts, clock } = bench(300_000);
  alerts.raise('cpu-high', null, 'x');
  clock.nowMs += 10_000;
  alerts.setCooldown(60_000);
  t.match(alerts.active(), [{ alert: 'cpu-high', durationMs: 10_000, cooldownLeftMs: 50_000 }]);
  alerts.raise('cpu-high', null, 'x');
  t.equal(alerts.view().history.length, 1, 'still silent');
  clock.nowMs += 50_000;
  alerts.raise('cpu-high', null, 'x');
  t.match(alerts.view().history, [{ kind: 'alert', suppressed: 1 }, {}]);
  t.end();
});
