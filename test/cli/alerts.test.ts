import t from 'tap';
import type { AlertView } from '../../src/admin/operations.js';
import { alertNotice } from '../support/alert-notice.js';
import { cliFixture } from '../support/cli.js';

const circuit: AlertView = {
  alert: 'circuit-open',
  severity: 'critical',
  title: 'A server is left alone: its circuit is open',
  look: 'multi-mcp servers test github',
  target: 'github',
  message: '60 % failed.',
  since: '2026-11-21T10:00:00.000Z',
  isActive: true,
  durationMs: 95_000,
  suppressed: 7,
  cooldownLeftMs: 205_000,
};

t.test('what is wrong now, what cools down, and the last messages', async (t) => {
  const { run, gateway } = cliFixture(t);
  const over = { ...circuit, alert: 'cpu-high', target: null, isActive: false, durationMs: null };
  await gateway({
    listAlerts: () =>
      Promise.resolve({
        alerts: [circuit, over as AlertView],
        history: [
          alertNotice({ message: 'a\u001b[2J' }),
          alertNotice({ alert: 'cpu-high', target: null, message: '95 %' }),
        ],
      }),
  });
  const { code, out } = await run('alerts', 'list');
  t.equal(code, 0);
  t.match(out, /^critical +circuit-open +github +1m 35s +7 +3m 25s +60 % failed\.$/m);
  t.match(out, /^over +cpu-high +- +- +7/m);
  t.match(out, /^2026-11-21T10:00:00\.000Z {2}alert circuit-open github: a\ufffd\[2J$/m);
  t.match(out, /^2026-11-21T10:00:00\.000Z {2}alert cpu-high: 95 %$/m);
  t.match(JSON.parse((await run('alerts', 'list', '--json')).out), { alerts: [circuit, over] });
});

t.test('--all asks for everything that is kept and cuts nothing off', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked: boolean[] = [];
  await gateway({
    listAlerts: (all) => {
      asked.push(all);
      return Promise.resolve({
        alerts: [],
        history: Array.from({ length: 30 }, () => alertNotice()),
      });
    },
  });
  const lines = async (...args: string[]) =>
    (await run('alerts', 'list', ...args)).out
      .split('\n')
      .filter((line) => line.includes('alert circuit-open'));
  t.equal((await lines()).length, 20);
  t.equal((await lines('--all')).length, 30);
  t.same(asked, [false, true]);
});

t.test('nothing is wrong', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway();
  t.match(await run('alerts', 'list'), { code: 0, out: 'no alerts\n' });
});

t.test('a sink that fails its test is 69', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({
    testAlerts: () =>
      Promise.resolve([
        { sink: 'log', ok: true, durationMs: 0, detail: null },
        { sink: 'webhook', ok: false, durationMs: 12, detail: 'it answered 404' },
      ]),
  });
  t.match(await run('alerts', 'test'), {
    code: 69,
    out: 'ok   log      0 ms\nFAIL webhook  12 ms  it answered 404\n',
    err: /not told: webhook/,
  });
  t.match(JSON.parse((await run('alerts', 'test', '--json')).out), [{ sink: 'log' }, {}]);
});
