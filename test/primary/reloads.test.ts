import { pino } from 'pino';
import t from 'tap';
import type { Config } from '../../config/config.js';
import { inspectText } from '../config/inspect-text.js';
import { ConfigError } from '../../config/problem.js';
import { Reloads } from '../../src/primary/reloads.js';
import { RunningConfig } from '../../src/primary/running-config.js';

const configOf = (t: Parameters<typeof inspectText>[0], file: object): Config =>
  inspectText(t, JSON.stringify(file)).config;

function rig(first: Config) {
  const steps: string[] = [];
  const alerts: string[] = [];
  const loaded: string[] = [];
  let wanted: Config | Error = first;
  const running = new RunningConfig(first);
  const step =
    (name: string) =>
    (version: number): Promise<void> => {
      steps.push(`${name} ${version}`);
      return Promise.resolve();
    };
  const reloads = new Reloads({
    running,
    load: (what) => {
      loaded.push(what);
      return wanted instanceof Error ? Promise.reject(wanted) : Promise.resolve(wanted);
    },
    spread: { toHosts: step('hosts'), toWorkers: step('workers') },
    admission: {
      configure: () => {
        steps.push('admission');
      },
    },
    restart: {
      run: (reason) => {
        steps.push(reason);
        return Promise.reject(new Error('not waited for')).catch(() => undefined as never);
      },
    },
    alerts: {
      raise: (alert) => alerts.push(`raise ${alert}`),
      clear: (alert) => alerts.push(`clear ${alert}`),
    },
    log: pino({ level: 'silent' }),
    onApplied: () => {
      steps.push('own');
    },
  });
  return {
    running,
    reloads,
    steps,
    alerts,
    loaded,
    want: (config: Config | Error) => {
      wanted = config;
    },
  };
}

t.test('hosts come before workers, and what takes new workers rolls them', async (t) => {
  const { running, reloads, steps, want } = rig(configOf(t, {}));
  want(configOf(t, { global: { queueTimeout: 5 }, http: { bodyTimeout: 500 } }));
  t.match(await reloads.run('a test'), {
    ok: true,
    version: 2,
    workersReplacedFor: ['http.bodyTimeout'],
    problems: [],
  });
  t.strictSame(steps, ['own', 'hosts 2', 'admission', 'workers 2', 'reload: http.bodyTimeout']);
  t.equal(running.config.limits.queueTimeoutMs, 5);
});

t.test('without a difference nobody is bothered', async (t) => {
  const { running, reloads, steps, want } = rig(configOf(t, {}));
  want(configOf(t, { global: { port: 9999 } }));
  t.match(await reloads.run('a test'), { version: 1, restartNeededFor: ['global.port'] });
  t.strictSame(steps, []);
  t.equal(running.config.port, 8080);
});

t.test(
  'one that finds nothing new says what the version in force had brought, and why',
  async (t) => {
    const { reloads, want } = rig(configOf(t, {}));
    t.match(await reloads.run('a test'), {
      version: 1,
      summary: 'nothing changed since the start',
    });
    want(configOf(t, { global: { queueTimeout: 5 } }));
    await reloads.run('the file changed');
    for (let again = 0; again < 2; again += 1) {
      t.match(await reloads.run('a test'), {
        version: 2,
        summary:
          'nothing changed since the last reload (the file changed: +0 servers, ~0, -0; changed: global.queueTimeout)',
      });
    }
  },
);

t.test(
  'what is invalid changes nothing, is told once, and is over with the next valid one',
  async (t) => {
    const first = configOf(t, {});
    const { running, reloads, steps, alerts, want } = rig(first);
    const { problems } = inspectText(t, '{ "global": { "port": "x" } }');
    want(new ConfigError(problems));
    const refused = await reloads.run('a test');
    t.match(refused, { ok: false, version: 1 });
    t.match(refused.problems, [/^server\.json:1:\d+ global\.port /]);
    t.equal(running.config, first);
    t.strictSame(steps, []);
    t.strictSame(alerts, ['raise config-reload-failed']);
    const successful = () =>
      running
        .metrics()
        .find(({ name }) => name.endsWith('_last_reload_successful'))
        ?.samples();
    t.match(successful(), [{ value: 0 }]);
    want(first);
    t.match(await reloads.run('a test'), { ok: true });
    t.match(successful(), [{ value: 1 }]);
    t.strictSame(alerts.at(-1), 'clear config-reload-failed');
  },
);

t.test('reloads asked for while one waits are that one', async (t) => {
  const { reloads } = rig(configOf(t, {}));
  const first = reloads.run('first');
  t.equal(reloads.run('second'), first);
  await first;
  t.not(reloads.run('third'), first);
});

t.test('other servers beside the file go the same way, and leave its verdict alone', async (t) => {
  const { running, reloads, steps, alerts, loaded, want } = rig(configOf(t, {}));
  want(new ConfigError(inspectText(t, '{ "global": { "port": "x" } }').problems));
  await reloads.run('a broken file');
  want(configOf(t, { servers: { 'meerkats-table': {} } }));
  const [first, second] = [reloads.run('one', 'servers'), reloads.run('two', 'servers')];
  t.equal(first, second);
  t.match(await first, { ok: true, version: 2, summary: /\+1 servers \(meerkats-table\)/ });
  t.strictSame(loaded, ['file', 'servers']);
  t.strictSame(steps, ['own', 'hosts 2', 'admission', 'workers 2']);
  t.strictSame(alerts, ['raise config-reload-failed'], 'the file is still wrong');
  t.match(running.document(), { lastReload: { ok: false } });
  want(new Error('away'));
  t.match(await reloads.run('three', 'servers'), { ok: false, problems: ['away'], version: 2 });
  t.equal(alerts.length, 1);
  const both = [reloads.run('four'), reloads.run('five', 'servers')];
  t.not(both[0], both[1], 'a file that is wrong does not hold up servers');
  await Promise.all(both);
});
