import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { loopbackUrl } from '../../src/cli/settings.js';
import { cliFixture } from '../support/cli.js';

t.test('a wildcard address is reached on loopback, others as they are', (t) => {
  t.equal(loopbackUrl({ host: '0.0.0.0', port: 1 }), 'http://127.0.0.1:1');
  t.equal(loopbackUrl({ host: '::', port: 1 }), 'http://[::1]:1');
  t.equal(loopbackUrl({ host: '10.0.0.5', port: 1 }), 'http://10.0.0.5:1');
  t.equal(loopbackUrl({ host: 'localhost', port: 1 }), 'http://localhost:1');
  t.end();
});

t.test('a running gateway is asked although its file is wrong by now', async (t) => {
  const { run, gateway, configPath } = cliFixture(t);
  const asked = await gateway();
  writeFileSync(
    configPath,
    readFileSync(configPath, 'utf8').replace('"global"', '"prt":1,"global"'),
  );
  for (const command of [['status'], ['servers', 'list'], ['keys', 'revoke', 'abc']]) {
    const { code, err } = await run(...command);
    t.equal(code, 0, command.join(' '));
    t.match(err, /^warning: .*config\.json:1:2 prt is not a setting.*multi-mcp validate\n$/);
  }
  t.match(asked.at(-1), ['revokeKey', 'abc']);
});

t.test('what is done without a gateway needs a file with nothing wrong in it', async (t) => {
  const { run, configPath } = cliFixture(t);
  writeFileSync(
    configPath,
    readFileSync(configPath, 'utf8').replace('"global"', '"prt":1,"global"'),
  );
  for (const command of [
    ['servers', 'list'],
    ['keys', 'revoke', 'abc'],
    ['credentials', 'list'],
  ]) {
    t.match(await run(...command), { code: 78, out: '', err: /prt is not a setting/ });
  }
});
