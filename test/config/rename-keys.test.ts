import t from 'tap';
import { readJsonc } from '../../config/jsonc.js';
import { findRenames, renameKeys } from '../../config/rename-keys.js';
import type { RenamedKey } from '../../config/renamed-keys.js';
import { inspectText, said } from './inspect-text.js';

const version = { since: '1.0.0', until: '3.0.0' };

t.test('a renamed key is found wherever its pattern fits, with the names in between', (t) => {
  const table: RenamedKey[] = [
    { from: ['groups', '*', 'old'], to: ['teams', '*', 'inner', 'new'], ...version },
    { from: ['top'], to: ['global', 'top'], ...version },
  ];
  const document = readJsonc('{"groups":{"a":{"old":[1]},"b":{},"c":3},"top":"x"}', 'f');
  const renames = findRenames(document.value, table);
  t.same(renames, [
    { from: ['groups', 'a', 'old'], to: ['teams', 'a', 'inner', 'new'], value: [1] },
    { from: ['top'], to: ['global', 'top'], value: 'x' },
  ]);
  const renamed = renameKeys(document, renames);
  t.same(renamed.value, {
    groups: { a: {}, b: {}, c: 3 },
    teams: { a: { inner: { new: [1] } } },
    global: { top: 'x' },
  });
  t.same(document.value, { groups: { a: { old: [1] }, b: {}, c: 3 }, top: 'x' }, 'left as it was');
  t.end();
});

t.test('a renamed setting counts, and is told with its place and what to do', (t) => {
  const { config, problems, warnings } = inspectText(
    t,
    `{
  "servers": {
    "a": { "disabled": true, "serverUrl": "https://a.example.com/mcp" },
    "b": { "type": "sse", "httpUrl": "https://b.example.com/x", "http_headers": { "X-A": "1" } },
    "c": { "type": "stdio", "command": "node" },
    "d": { "transportType": "streamable-http", "url": "https://d.example.com/mcp" }
  }
}`,
  );
  t.same(problems, []);
  t.match(config.servers, {
    a: { enabled: false, source: { kind: 'http', url: 'https://a.example.com/mcp' } },
    b: { source: { transport: 'sse', headers: { 'X-A': '1' } } },
    c: { source: { kind: 'stdio' } },
    d: { source: { transport: 'http' } },
  });
  t.match(warnings[0], {
    line: 3,
    column: 12,
    path: 'servers.a.disabled',
    message: '"disabled" is now "enabled"',
    hint: 'run multi-mcp migrate',
  });
  t.equal(warnings.length, 7);
  t.end();
});

t.test('what is wrong with a renamed value is said where it stands', (t) => {
  const { problems } = inspectText(t, '{\n"servers":{"a":{\n"serverUrl":"nonsense"}}}');
  t.match(problems, [{ line: 3, column: 13, path: 'servers.a.url', message: /must be a URL/ }]);
  t.end();
});

t.test(
  'a value that cannot be spelled anew, or a name that is there twice, is left to be seen',
  (t) => {
    const problemsOf = (entry: object) => said(inspectText(t, { servers: { a: entry } }).problems);
    t.same(problemsOf({ url: 'https://a', disabled: 'yes' }), [
      'servers.a.disabled is not a setting',
    ]);
    t.same(problemsOf({ url: 'https://a', type: 'websocket' }), [
      'servers.a.type is not a setting',
    ]);
    t.same(problemsOf({ url: 'https://a', serverUrl: 'https://b' }), [
      'servers.a.serverUrl is not a setting',
    ]);
    t.same(problemsOf({ serverUrl: 'https://a', httpUrl: 'https://b' }), [
      'servers.a.httpUrl is not a setting',
    ]);
    t.end();
  },
);
