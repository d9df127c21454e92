import t from 'tap';
import { serverEntry } from '../../config/server-schema.js';
import { BUNDLED_SERVERS, serverSource } from '../../config/server-source.js';

function sourceOf(entry: object, name = 'x', explained: readonly string[] = []) {
  const problems: string[] = [];
  const hints: unknown[] = [];
  const context = {
    name,
    folder: '/etc/multi-mcp',
    idleTimeoutMs: 4711,
    isExplained: (key: string) => explained.includes(key),
    report: (key: string | null, { message, hint }: { message: string; hint?: string | null }) => {
      problems.push(`${key ?? '-'} ${message}`);
      hints.push(hint);
    },
  };
  const source = serverSource(serverEntry.parse(entry), context);
  return { source, problems, hints };
}

void t.test('an entry without a source is the bundled server of its name', (t) => {
  t.strictSame(BUNDLED_SERVERS, ['meerkats-table']);
  const { source, problems } = sourceOf({}, 'meerkats-table');
  t.strictSame(source, { kind: 'bundled', module: 'meerkats-table' });
  t.strictSame(problems, []);
  t.end();
});

void t.test(
  'an entry without a source and of no bundled name is a problem that lists them',
  (t) => {
    const far = sourceOf({}, 'files');
    t.equal(far.source, null);
    t.match(far.problems, [/^- names no source.*\(bundled: meerkats-table\)$/]);
    t.match(far.hints, [/"command" \(stdio\), "url" \(http\) or "module"/]);
    t.match(sourceOf({}, 'meerkat-table').hints, ['did you mean "meerkats-table"?']);
    t.end();
  },
);

void t.test('a module is found from the folder of the file', (t) => {
  const path = (module: string) => sourceOf({ module }).source;
  t.strictSame(path('../mods/a.js'), { kind: 'module', path: '/etc/mods/a.js' });
  t.strictSame(path('/opt/a.js'), { kind: 'module', path: '/opt/a.js' });
  t.end();
});

void t.test('a command has the defaults of a stdio server', (t) => {
  t.strictSame(sourceOf({ command: 'npx' }).source, {
    kind: 'stdio',
    command: 'npx',
    args: [],
    env: {},
    cwd: null,
    idleTimeoutMs: 4711,
    maxProcesses: 16,
    maxLineBytes: 4_194_304,
  });
  const own = {
    args: ['a'],
    env: { B: 'c' },
    idleTimeout: 5000,
    maxProcesses: 2,
    maxLineBytes: 2048,
  };
  t.match(sourceOf({ command: 'npx', ...own, cwd: 'w' }).source, {
    args: ['a'],
    env: { B: 'c' },
    cwd: '/etc/multi-mcp/w',
    idleTimeoutMs: 5000,
    maxProcesses: 2,
    maxLineBytes: 2048,
  });
  t.end();
});

void t.test(
  'a command with a slash is a path: from its cwd, else from the folder of the file',
  (t) => {
    const command = (entry: object) => sourceOf(entry).source;
    t.match(command({ command: './bin/x' }), { command: '/etc/multi-mcp/bin/x' });
    t.match(command({ command: './bin/x', cwd: '/srv' }), { command: '/srv/bin/x' });
    t.match(command({ command: '/usr/bin/x', cwd: '/srv' }), { command: '/usr/bin/x' });
    t.end();
  },
);

void t.test('a URL is streamable HTTP unless it says or looks otherwise', (t) => {
  const transport = (entry: object) => {
    const { source } = sourceOf(entry);
    return source?.kind === 'http' ? source.transport : null;
  };
  t.strictSame(sourceOf({ url: 'http://a/mcp', headers: { K: 'v' } }).source, {
    kind: 'http',
    url: 'http://a/mcp',
    headers: { K: 'v' },
    transport: 'http',
    oauth: null,
  });
  t.equal(transport({ url: 'http://a/sse' }), 'sse');
  t.equal(transport({ url: 'http://a/x/sse/?k=v' }), 'sse');
  t.equal(transport({ url: 'http://a/sse', transport: 'http' }), 'http');
  t.equal(transport({ url: 'http://a/mcp', transport: 'sse' }), 'sse');
  t.equal(transport({ url: 'http://a/asses' }), 'http');
  t.end();
});

const OAUTH = {
  tokenUrl: 'https://id.example/token',
  clientId: 'gateway',
  clientSecret: 'secret',
  scopes: [],
  clientAuthentication: 'basic',
};

void t.test('the gateway’s own OAuth names the server by its URL unless told otherwise', (t) => {
  const resource = (oauth: object) => {
    const { source } = sourceOf({ url: 'https://a/mcp', oauth: { ...OAUTH, ...oauth } });
    return source?.kind === 'http' ? source.oauth?.resource : null;
  };
  t.equal(resource({}), 'https://a/mcp');
  t.equal(resource({ resource: 'https://a' }), 'https://a');
  t.end();
});

void t.test('the secret of OAuth goes to https or this machine, and beside no other one', (t) => {
  const problems = (entry: object, oauth: object = {}) =>
    sourceOf({ url: 'https://a/mcp', ...entry, oauth: { ...OAUTH, ...oauth } }).problems;
  t.strictSame(problems({}), []);
  t.strictSame(problems({}, { tokenUrl: 'http://127.0.0.1:9/token' }), []);
  t.match(problems({}, { tokenUrl: 'http://id.example/token' }), [/tokenUrl that is https/]);
  t.match(problems({ transport: 'sse' }), [/is for streamable HTTP/]);
  t.match(problems({ headers: { AUTHORIZATION: 'x' } }), [/keep one/]);
  t.match(problems({ credential: { header: 'Authorization' } }), [/keep one/]);
  t.end();
});

void t.test('two sources at once are a problem at the second', (t) => {
  const { problems } = sourceOf({ url: 'http://a', command: 'x', module: 'm' });
  t.match(problems, [/^command is a second source beside "module"/, /^url is a second source/]);
  t.end();
});

void t.test('keys of another kind of source are a problem', (t) => {
  t.strictSame(sourceOf({ url: 'http://a', args: [], cwd: '/' }).problems, [
    'args goes with "command", which this server does not have',
    'cwd goes with "command", which this server does not have',
  ]);
  t.strictSame(sourceOf({ headers: {} }, 'meerkats-table').problems, [
    'headers goes with "url", which this server does not have',
  ]);
  t.end();
});

void t.test('a source that is in the file but wrong counts as there, and yields none', (t) => {
  const { source, problems } = sourceOf({ headers: {} }, 'x', ['url']);
  t.equal(source, null);
  t.strictSame(problems, []);
  t.match(sourceOf({ command: 'x' }, 'x', ['url']).problems, [/^url is a second source/]);
  t.end();
});
