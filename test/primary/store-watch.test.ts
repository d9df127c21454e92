import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { until } from '../support/until.js';
import { StoreWatch } from '../../src/primary/store-watch.js';

t.test('a store that does not answer is raised without its words, and cleared', async (t) => {
  const said: string[] = [];
  const answers = [Promise.resolve(), undefined, Promise.resolve()];
  const watch = new StoreWatch({
    store: {
      description: 'mongodb (db/x)',
      ping: () =>
        answers.shift() ??
        Promise.reject(new Error('no', { cause: new TypeError('mongodb://ana:secret@db') })),
    },
    alerts: {
      raise: (alert, _target, message) => said.push(`${alert}: ${message}`),
      clear: (alert) => said.push(`over: ${alert}`),
    },
    periodMs: 3_600_000,
  });
  for (let check = 0; check < 3; check += 1) await watch.check();
  t.same(said, [
    'over: store-unavailable',
    'store-unavailable: The store, mongodb (db/x), does not answer (TypeError); proven users are served from cache.',
    'over: store-unavailable',
  ]);
});

t.test('what the gateway itself knows of the trouble is told', async (t) => {
  const said: string[] = [];
  const hint = 'It was moved.';
  const watch = new StoreWatch({
    store: {
      description: 'embedded (x.db)',
      ping: () => Promise.reject(new GatewayError('GW_STORE_UNAVAILABLE', { hint })),
    },
    alerts: { raise: (_alert, _target, message) => said.push(message), clear: () => undefined },
    periodMs: 3_600_000,
  });
  await watch.check();
  t.same(said, ['The store, embedded (x.db), is not as it should be. It was moved.']);
});

t.test('a second question waits for the first one’s answer', async (t) => {
  let asked = 0;
  let answer: () => void = () => undefined;
  const watch = new StoreWatch({
    store: {
      description: '',
      ping: () => {
        asked += 1;
        return new Promise<void>((resolve) => {
          answer = resolve;
        });
      },
    },
    alerts: { raise: () => undefined, clear: () => undefined },
    periodMs: 3_600_000,
  });
  const first = watch.check();
  await watch.check();
  t.equal(asked, 1);
  answer();
  await first;
});

t.test('another period holds at once', async (t) => {
  let asked = 0;
  const ping = (): Promise<void> => {
    asked += 1;
    return Promise.resolve();
  };
  const alerts = { raise: () => undefined, clear: () => undefined };
  const watch = new StoreWatch({ store: { ping, description: '' }, alerts, periodMs: 3_600_000 });
  watch.start();
  watch.setPeriod(5);
  await until(() => asked > 2, { timeoutMs: 10_000, what: 'questions' });
  watch.stop();
  t.pass();
});
