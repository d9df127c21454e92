import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cliFixture } from '../support/cli.js';
import { freePort } from '../support/free-port.js';

t.setTimeout(60_000);

t.test('without a gateway: everything that can be seen, and a verdict', async (t) => {
  const { run, configPath, dir } = cliFixture(t);
  const port = await freePort();
  const config = {
    global: { port, dataDir: join(dir, 'data') },
    servers: { 'meerkats-table': {} },
  };
  writeFileSync(configPath, JSON.stringify({ ...config, logging: { directory: dir } }));
  const { code, out } = await run('doctor');
  t.equal(code, 0, out);
  for (const check of ['config', 'node', 'front', 'open files', 'memory', 'port', 'store', 'clock'])
    t.match(out, new RegExp(`^(ok|note|warning) +${check} `, 'm'));
  t.match(out, /\d errors?, \d warnings?\n$|nothing to repair\n$/);
});

t.test('an error has its fix, and decides the exit code', async (t) => {
  const { run, configPath } = cliFixture(t);
  writeFileSync(configPath, '{ "global": { "prot": 1 }, "servers": {} }');
  const { code, out } = await run('doctor');
  t.equal(code, 78);
  t.match(out, /^ERROR +config +.*global\.prot is not a setting\n +fix: did you mean "port"\?/m);
});

t.test(
  'a file that cannot be read is the first finding, and the machine is examined',
  async (t) => {
    const { run, configPath } = cliFixture(t);
    writeFileSync(configPath, '{');
    const { code, out } = await run('doctor', '--json');
    const report = JSON.parse(out) as { ok: boolean; findings: { check: string }[] };
    t.equal(code, 78);
    t.equal(report.ok, false);
    t.equal(report.findings[0]?.check, 'config');
    t.ok(report.findings.some(({ check }) => check === 'node'));
  },
);

t.test('beside a gateway its servers are called through it', async (t) => {
  const { run, gateway, dir } = cliFixture(t);
  const asked = await gateway();
  chmodSync(join(dir, 'data'), 0o700);
  const { out } = await run('doctor', '--json');
  const { findings } = JSON.parse(out) as { findings: object[] };
  t.match(
    findings.filter((finding) => 'check' in finding && finding.check === 'server github'),
    [{ severity: 'ok' }],
  );
  // Checks run side by side: only what is asked is certain.
  const names = asked.map((question) => JSON.stringify(question));
  t.same([...new Set(names)].sort(), ['["listServers"]', '["status"]', '["testServer","github"]']);
});

t.test('a wrong --url is a usage error', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('doctor', '--url', 'mcp.example.com'), { code: 64, err: /https:/ });
});
