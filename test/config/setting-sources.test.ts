import t from 'tap';
import { readJsonc } from '../../config/jsonc.js';
import { settingSources } from '../../config/setting-sources.js';

void t.test('each setting comes from a line of the file, a variable, or the default', (t) => {
  const text =
    '{\n "global": {\n  "port": 1,\n  "host": "x" },\n "servers": { "a.b": {} },\n "mcpServers": { "c": {} } }';
  const sources = settingSources(readJsonc(text, 'x'), new Map([['global.port', 'PORT']]));
  t.strictSame(sources['global.port'], { from: 'environment', variable: 'PORT' });
  t.strictSame(sources['global.host'], { from: 'file', line: 4 });
  t.strictSame(sources['global.workers'], { from: 'default' });
  t.strictSame(sources['servers["a.b"]'], { from: 'file', line: 5 });
  t.strictSame(sources['mcpServers.c'], { from: 'file', line: 6 });
  t.notOk(Object.keys(sources).some((key) => key.includes('*')));
  t.end();
});

void t.test('servers of the wrong kind name nothing', (t) => {
  const sources = settingSources(readJsonc('{ "servers": 5 }', 'x'), new Map());
  t.notOk(Object.keys(sources).some((key) => key.startsWith('servers')));
  t.end();
});
