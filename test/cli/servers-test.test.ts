import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { cliFixture } from '../support/cli.js';

t.test('each step is a line; a server that works exits 0', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  const { code, out } = await run('servers', 'test', 'github');
  t.equal(code, 0);
  t.match(out, /^github: ready\nok {3}initialize +12\.5 ms {2}2025-11-25\n$/);
  t.same(asked, [['testServer', 'github']]);
});

t.test('a server that fails exits 69 and shows what it said', async (t) => {
  const { run, gateway } = cliFixture(t);
  const steps = [
    { step: 'spawn', ok: true, durationMs: 3, detail: null },
    {
      step: 'initialize',
      ok: false,
      durationMs: 2000,
      detail: 'timeout\nstderr: no \u001b[31mkey',
    },
  ];
  await gateway({
    testServer: () =>
      Promise.resolve({ server: 'github', ok: false, state: 'failing', advice: 'Run it.', steps }),
  });
  const { code, out, err } = await run('servers', 'test', 'github');
  t.equal(code, 69);
  t.match(
    out,
    /^github: failing\nok {3}spawn +3\.0 ms\nFAIL initialize +2000\.0 ms {2}timeout\n +stderr: no \ufffd\[31mkey\nRun it\.\n$/,
  );
  t.match(err, /github does not work/);
  t.match(JSON.parse((await run('servers', 'test', 'github', '--json')).out), { ok: false });
});

t.test('an unknown server is a usage error; no gateway is 69', async (t) => {
  const { run, gateway } = cliFixture(t);
  t.match(await run('servers', 'test', 'nope'), { code: 69, err: /multi-mcp start/ });
  await gateway({ testServer: () => Promise.reject(new GatewayError('GW_SERVER_UNKNOWN')) });
  t.match(await run('servers', 'test', 'nope'), { code: 64, err: /No such server/ });
});
