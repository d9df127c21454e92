import t from 'tap';
import { AlertSinks } from '../../src/primary/alert-sinks.js';
import { alertNotice } from '../support/alert-notice.js';
import { startAlertReceiver } from '../support/alert-receiver.js';
import { until } from '../support/until.js';

const DEADLINE = { timeoutMs: 10_000, everyMs: 10 };
const log = { warn: () => undefined };

t.test(
  'a reload replaces the sink that changed and keeps the other, and what was counted',
  async (t) => {
    const [former, next] = [await startAlertReceiver('/a'), await startAlertReceiver('/b')];
    t.teardown(() => Promise.all([former.close(), next.close()]));
    const webhook = { url: former.url, headers: {}, timeoutMs: 5000 };
    const command = { file: '/bin/true', args: [], timeoutMs: 5000 };
    const sinks = new AlertSinks({ webhook, command }, log);
    t.teardown(() => sinks.close());
    const [, commandBefore] = sinks.sinks;
    sinks.send(alertNotice({ message: 'before' }));
    await until(() => sinks.counts().get('webhook')?.delivered === 1, { ...DEADLINE, what: 'one' });

    sinks.configure({ webhook: { ...webhook, url: next.url }, command: { ...command } });
    t.equal(sinks.sinks[1], commandBefore, 'the same settings, the same sink');
    sinks.send(alertNotice({ message: 'after' }));
    await until(() => sinks.counts().get('webhook')?.delivered === 2, {
      ...DEADLINE,
      what: 'both',
    });
    t.equal(former.received.length, 1);
    t.equal(next.received.length, 1);

    sinks.configure({ webhook: null, command: null });
    t.same(sinks.sinks, []);
    sinks.send(alertNotice());
    await until(() => sinks.counts().get('command')?.delivered === 2, {
      ...DEADLINE,
      what: 'both',
    });
    t.same(sinks.counts().get('webhook'), { delivered: 2, lost: 0 }, 'counts outlive the sink');
  },
);
