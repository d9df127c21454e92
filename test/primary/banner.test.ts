import t from 'tap';
import { loadConfig } from '../../config/load.js';
import { bannerText, urlHost } from '../../src/primary/banner.js';

t.test('the banner does not call a server ready that nobody has asked', (t) => {
  const { config } = loadConfig({ path: 'config/server-production.json', env: {} });
  const text = bannerText({
    ...{ version: '1.2.3', config, port: 8080, front: null, store: 'embedded', cpuCount: 1 },
    servers: [
      { name: 'files', enabled: true, kind: 'stdio', state: 'configured', detail: null },
      { name: 'table', enabled: true, kind: 'bundled', state: 'ready', detail: null },
      { name: 'gone', enabled: true, kind: 'stdio', state: 'failing', detail: 'No such command.' },
    ],
    warnings: ['a sentence'],
  });
  t.match(text, '/files/mcp');
  t.match(
    text,
    'files (stdio, being asked), table (bundled, ready), gone (stdio, failing: No such command.)',
  );
  t.notMatch(text, /front/, 'what no worker has said yet');
  t.match(text, /^ {2}warning {4}a sentence$/m);
  t.end();
});

t.test('an address for everyone is shown as one that works here', (t) => {
  t.equal(urlHost('0.0.0.0'), '127.0.0.1');
  t.equal(urlHost('::'), '[::1]');
  t.equal(urlHost('fe80::1'), '[fe80::1]');
  t.equal(urlHost('mcp.example.com'), 'mcp.example.com');
  t.end();
});
