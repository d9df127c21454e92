import t from 'tap';
import { serverTable } from '../../src/cli/servers-list.js';
import { cliFixture } from '../support/cli.js';

t.test('without a gateway the configured servers are listed, and that this is so', async (t) => {
  const { run } = cliFixture(t);
  const { code, out, err } = await run('servers', 'list');
  t.equal(code, 0);
  t.same(
    out.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['SERVER', 'FROM', 'KIND', 'STATE', 'DETAIL'],
      ['github', 'file', 'http', 'unknown'],
      ['meerkats-table', 'file', 'bundled', 'unknown'],
      ['old', 'file', 'http', 'disabled'],
      [''],
    ],
  );
  t.match(err, /No gateway runs/);
});

t.test('a running gateway knows their states', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({
    listServers: () =>
      Promise.resolve([
        {
          ...{ name: 'github', enabled: true, kind: 'http', state: 'open', origin: 'added' },
          detail: 'ECONNREFUSED',
        },
      ]),
  });
  t.match(await run('servers', 'list'), {
    out: /github {2}added {2}http {2}open {3}ECONNREFUSED/,
    err: '',
  });
  t.match(JSON.parse((await run('servers', 'list', '--json')).out), [{ state: 'open' }]);
});

t.test('an empty list is a sentence', (t) => {
  t.match(serverTable([]), /No servers/);
  t.end();
});
