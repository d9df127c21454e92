import t from 'tap';
import { importServers } from '../../config/import-servers.js';
import { readJsonc } from '../../config/jsonc.js';

function imported(content: unknown, env = {}, folder: string | null = '/home/ana') {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  return importServers({ document: readJsonc(text, 'their.json'), folder, env });
}

t.test('the blocks of the various programs are found', (t) => {
  const entry = { command: 'x' };
  for (const [content, names] of [
    [{ mcpServers: { a: entry, b: entry } }, ['a', 'b']],
    [{ servers: { a: entry }, inputs: [] }, ['a']],
    [{ mcp: { servers: { a: entry } } }, ['a']],
    [{ mcpServers: { a: entry }, projects: { '/p': { mcpServers: { b: entry } } } }, ['a', 'b']],
    [{ mcpServers: [] }, []],
    [{}, []],
  ] as const) {
    t.same(
      imported(content).map(({ name }) => name),
      names,
    );
  }
  t.end();
});

t.test('a name that cannot be part of a URL is changed, and that is told', (t) => {
  const servers = imported({ mcpServers: { 'My Server!': {}, a__b: {}, health: {}, ok: {} } });
  t.same(
    servers.map(({ name, foreignName, notes }) => [foreignName, name, notes.length]),
    [
      ['My Server!', 'My-Server', 1],
      ['a__b', 'a_b', 1],
      ['health', 'server-health', 1],
      ['ok', 'ok', 0],
    ],
  );
  t.match(servers[0]?.notes, [{ file: 'their.json', line: 3, column: 5, message: /"My-Server"/ }]);
  t.end();
});

t.test('a server whose variables have no value is switched off, and no other', (t) => {
  const content = { mcpServers: { a: { command: 'x', env: { K: '${TOKEN}', L: '${TOKEN}' } } } };
  const [off] = imported(content);
  t.match(off, {
    entry: { enabled: false },
    notes: [{ message: /refers to \$\{TOKEN\}, without/ }],
  });
  t.equal(off?.notes.length, 1);
  t.same(imported(content, { TOKEN: 'x' })[0]?.entry, content.mcpServers.a);
  const alreadyOff = { mcpServers: { a: { disabled: true, command: '${TOKEN}' } } };
  t.same(imported(alreadyOff)[0]?.notes, [], 'its client had it off already');
  const withDefault = { mcpServers: { a: { command: '${TOKEN:-x}' } } };
  t.same(imported(withDefault)[0]?.entry, { command: '${TOKEN:-x}' });
  t.end();
});

t.test('a relative folder is that of their file', (t) => {
  const content = { mcpServers: { a: { command: 'x', cwd: './tools' } } };
  t.equal(imported(content)[0]?.entry['cwd'], '/home/ana/tools');
  t.equal(imported(content, {}, null)[0]?.entry['cwd'], './tools');
  t.end();
});
