import { writeFileSync } from 'node:fs';
import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('what was applied is said in one line', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('reload'), {
    code: 0,
    out: 'version 2 in force after 12 ms: +1 servers (files), ~0, -0\n',
  });
  t.strictSame(asked, [['reload']]);
  t.match(JSON.parse((await run('reload', '--json')).out), { ok: true, version: 2 });
});

t.test(
  'a refused file is 78 with every problem, although the command reads the same file',
  async (t) => {
    const { run, gateway, configPath } = cliFixture(t, { port: 8097 });
    await gateway({
      reload: () =>
        Promise.resolve({
          ...{ ok: false, version: 4, summary: '', durationMs: 1 },
          ...{ workersReplacedFor: [], restartNeededFor: [], problems: ['config.json:1:1 a', 'b'] },
        }),
    });
    t.match(await run('reload'), {
      code: 78,
      err: /version 4 stays in force\.\nconfig\.json:1:1 a\nb\n/,
    });
    writeFileSync(configPath, '{ "global": ');
    t.match(await run('reload'), { code: 69 }, 'the default data directory has no gateway');
  },
);
