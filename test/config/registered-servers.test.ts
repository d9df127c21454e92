import t from 'tap';
import {
  checkServerEntry,
  mergeRegistrations,
  type Registration,
} from '../../config/registered-servers.js';
import { inspectText } from './inspect-text.js';

const FILE = {
  global: { maxTotalConnections: 40, idleTimeout: 7000 },
  servers: { mail: { url: 'https://mail.example.com/mcp' }, 'meerkats-table': { enabled: false } },
};

function rig(t: Parameters<typeof inspectText>[0]) {
  const { config } = inspectText(t, JSON.stringify(FILE));
  const env = { TOKEN: 's3cret', PATH: process.env['PATH'] };
  return {
    config,
    check: (entry: unknown, name = 'notes', isEnabled = true) =>
      checkServerEntry(name, entry, { config, env, isEnabled }),
    merge: (...registrations: Partial<Registration>[]) =>
      mergeRegistrations(
        config,
        registrations.map((each) => {
          return { name: 'notes', entry: {}, isEnabled: true, isReadable: true, ...each };
        }),
        env,
      ),
  };
}

t.test('an entry is read as one of the file: variables, units, what the file sets', (t) => {
  const { check } = rig(t);
  const url = 'https://notes.example.com/mcp';
  t.match(check({ url, headers: { authorization: 'Bearer ${TOKEN}' }, enabled: false }), {
    server: {
      name: 'notes',
      enabled: true,
      source: { kind: 'http', url, headers: { authorization: 'Bearer s3cret' } },
    },
    problems: [],
  });
  t.match(check({ command: process.execPath }).server?.source, { idleTimeoutMs: 7000 });
  t.match(check({ url, connectionPool: { maxConnections: 50 } }).warnings, [
    /^servers\.notes\.connectionPool\.maxConnections is 50, and global\.maxTotalConnections ends at 40/,
  ]);
  t.match(check({ command: 'no-such-program' }), {
    server: { source: { command: 'no-such-program' } },
    warnings: [/there is no program no-such-program on PATH/],
  });
  t.end();
});

t.test('what is wrong is said as of the file: setting, what, and the nearest name', (t) => {
  const { check } = rig(t);
  const cases: readonly (readonly [unknown, RegExp, string?])[] = [
    [{ urll: 'https://a.example' }, /servers\.notes\.urll .*did you mean "url"/],
    [{ url: 'ftp://a.example' }, /servers\.notes\.url /],
    [{ url: 'https://a.example', command: 'x' }, /second source/],
    [{}, /names no source/],
    ['https://a.example', /servers\.notes /],
    [['x'], /servers\.notes /],
    [{ url: 'https://a.example', headers: { a: '${NOT_SET}' } }, /\$\{NOT_SET\}, not set/],
    [{ url: 'https://a.example' }, /servers\.metrics /, 'metrics'],
    [{ url: 'https://a.example' }, /not allowed as a key/, '__proto__'],
    [{ url: 'https://a.example' }, /not allowed as a key/, 'constructor'],
  ];
  for (const [entry, problem, name] of cases) {
    const checked = check(entry, name);
    t.equal(checked.server, null, JSON.stringify(entry));
    t.match(checked.problems.join('\n'), problem);
  }
  t.match(check({ url: 'https://a.example', headers: { a: '${NOT_SET}' } }, 'notes', false), {
    server: { enabled: false },
    warnings: [/NOT_SET/],
  });
  t.end();
});

t.test('what is registered stands beside the servers of the file, which keep their names', (t) => {
  const { config, merge } = rig(t);
  const entry = { url: 'https://notes.example.com/mcp' };
  const merged = merge({ entry }, { name: 'mail', entry }, { name: 'wrong', entry: { urll: 1 } });
  t.same(Object.keys(merged.config.servers), ['mail', 'meerkats-table', 'notes']);
  t.equal(merged.config.servers['mail'], config.servers['mail']);
  t.same([...merged.added], ['notes']);
  t.same(merged.shadowed, ['mail']);
  t.match(merged.refused.get('wrong')?.join(), /urll/);
  t.ok(Object.isFrozen(merged.config.servers));
  t.match(merge({ entry: null, isReadable: false }).refused.get('notes')?.join(), /master key/);
  t.equal(merge({ entry, isEnabled: false }).config.servers['notes']?.enabled, false);
  t.end();
});

t.test('a server of the file can be switched off beside it, and never on', (t) => {
  const { merge } = rig(t);
  const off = { entry: null, isEnabled: false };
  const { config, added, shadowed } = merge({ ...off, name: 'mail' }, { ...off, name: 'gone' });
  t.equal(config.servers['mail']?.enabled, false);
  t.notOk('gone' in config.servers);
  t.same([added.size, shadowed.length], [0, 0]);
  const on = merge({ entry: null, isEnabled: true, name: 'meerkats-table' });
  t.equal(on.config.servers['meerkats-table']?.enabled, false);
  t.end();
});
