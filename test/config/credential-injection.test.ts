import t from 'tap';
import type { ServerSource } from '../../config/config.js';
import { credentialInjection } from '../../config/credential-injection.js';

const HTTP: ServerSource = {
  kind: 'http',
  url: 'http://a',
  headers: {},
  transport: 'http',
  oauth: null,
};
const MODULE: ServerSource = { kind: 'module', path: '/m.js' };
const BUNDLED: ServerSource = { kind: 'bundled', module: 'm' };
const STDIO: ServerSource = {
  kind: 'stdio',
  command: 'x',
  args: [],
  env: {},
  cwd: null,
  idleTimeoutMs: 1,
  maxProcesses: 1,
  maxLineBytes: 1,
};

function inject(source: ServerSource, credential: Parameters<typeof credentialInjection>[0]) {
  const problems: string[] = [];
  const injection = credentialInjection(credential, source, (message) => problems.push(message));
  return { injection, problems };
}

void t.test('a credential goes where its kind of server takes it', (t) => {
  const good: [ServerSource, object, unknown][] = [
    [HTTP, { header: 'X-Key' }, { into: 'header', name: 'X-Key', prefix: '' }],
    [
      HTTP,
      { header: 'Authorization', prefix: 'Bearer ' },
      { into: 'header', name: 'Authorization', prefix: 'Bearer ' },
    ],
    [STDIO, { env: 'KEY' }, { into: 'env', name: 'KEY' }],
    [MODULE, { context: 'key' }, { into: 'context', name: 'key' }],
    [BUNDLED, { context: 'key' }, { into: 'context', name: 'key' }],
  ];
  for (const [source, credential, injection] of good) {
    t.strictSame(inject(source, credential), { injection, problems: [] });
  }
  t.end();
});

void t.test('none configured is none injected', (t) => {
  t.strictSame(inject(HTTP, undefined), { injection: null, problems: [] });
  t.end();
});

void t.test('a credential that does not fit is a problem and is not injected', (t) => {
  const bad: [ServerSource, object, string][] = [
    [HTTP, {}, 'needs exactly one of "header", "env" and "context"'],
    [HTTP, { header: 'A', env: 'B' }, 'needs exactly one of "header", "env" and "context"'],
    [HTTP, { env: 'B' }, '"env" is for stdio servers; this is a http one'],
    [STDIO, { header: 'B' }, '"header" is for http servers; this is a stdio one'],
    [MODULE, { env: 'B' }, '"env" is for stdio servers; this is a module one'],
    [BUNDLED, { header: 'B' }, '"header" is for http servers; this is a module one'],
    [STDIO, { env: 'B', prefix: 'p' }, '"prefix" goes with "header" only'],
  ];
  for (const [source, credential, problem] of bad) {
    t.strictSame(inject(source, credential), { injection: null, problems: [problem] });
  }
  t.end();
});
