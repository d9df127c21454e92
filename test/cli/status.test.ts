import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('the gateway on one screen', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway();
  const { code, out } = await run('status');
  t.equal(code, 0);
  t.match(out, /^healthy, up 1h 1m: Multi-MCP Server 0\.1\.0, pid 4242, 2 workers\n/);
  t.match(out, 'embedded (data/multi-mcp.db)');
  t.match(out, /github {2}file {2}http {2}ready/);
  t.match(JSON.parse((await run('status', '--json')).out), { pid: 4242 });
});

t.test('machines that share the limits are shown, a line each', async (t) => {
  const { run, gateway } = cliFixture(t);
  const machines = ['north (this one, n:8080) 0.1.0', 'south\u001b[2J (s:8080) 0.1.0'];
  await gateway({
    status: () =>
      Promise.resolve({
        ...{ status: 'healthy', version: '0.1.0', pid: 4242, uptimeSeconds: 1, workers: 2 },
        ...{ url: 'http://127.0.0.1:8080', store: 'mongodb (db/x)', servers: [], alerts: [] },
        machines,
      }),
  });
  const { out } = await run('status');
  t.match(out, /^machine {2}north \(this one, n:8080\) 0\.1\.0\nmachine {2}south/m);
  t.notMatch(out, /\u001b/, 'a name from elsewhere controls no terminal');
});

t.test('without a gateway: 69 and how to start one', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('status'), { code: 69, out: '', err: /No gateway answers.*multi-mcp start/ });
});

t.test('a gateway of another release is said to be one', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ status: () => Promise.resolve({ state: 'fine' } as never) });
  t.match(await run('status'), { code: 70, err: /same release/ });
});
