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

t.test('without a gateway: 69 and how to start one', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('status'), { code: 69, out: '', err: /No gateway answers.*multi-mcp start/ });
});

t.test('a gateway of another release is said to be one', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ status: () => Promise.resolve({ state: 'fine' } as never) });
  t.match(await run('status'), { code: 70, err: /same release/ });
});
