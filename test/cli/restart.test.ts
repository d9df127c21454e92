import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test(
  'the workers are replaced, and a kernel setting that costs connections is named',
  async (t) => {
    const { run, gateway } = cliFixture(t);
    const asked = await gateway();
    const { code, out } = await run('restart');
    t.equal(code, 0);
    t.match(out, /^2 of 2 workers replaced in 3\.1 s\n/);
    t.match(out, /sysctl -w net\.ipv4\.tcp_migrate_req=1/);
    t.strictSame(asked, [['restartWorkers'], ['restartState']]);
    t.match(JSON.parse((await run('restart', '--json')).out), {
      running: null,
      last: { ok: true },
    });
  },
);

t.test('a restart that did not finish is a failure', async (t) => {
  const { run, gateway } = cliFixture(t);
  const last = { ok: false, replaced: 1, workers: 2, durationMs: 900, tcpMigrateReq: true };
  await gateway({ restartState: () => Promise.resolve({ running: null, last }) });
  t.match(await run('restart'), {
    code: 69,
    out: '1 of 2 workers replaced in 0.9 s\n',
    err: /Not every worker was replaced/,
  });
});
