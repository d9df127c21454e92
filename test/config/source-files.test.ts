import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { missingSourceFiles } from '../../config/source-files.js';
import { inspectText, said } from './inspect-text.js';

function missing(t: Test, servers: object, env: Record<string, string> = {}) {
  const inspection = inspectText(t, { servers }, {}, { tool: '#!/bin/sh', 'plain.txt': 'x' });
  chmodSync(join(inspection.folder, 'tool'), 0o755);
  chmodSync(join(inspection.folder, 'plain.txt'), 0o644);
  return missingSourceFiles(inspection, { PATH: `::/nowhere:${inspection.folder}`, ...env });
}

void t.test('what is there is no problem', (t) => {
  const servers = {
    path: { command: 'tool' },
    whole: { command: './tool', cwd: '.' },
    own: { command: 'sh', env: { PATH: '/bin' } },
    module: { module: 'plain.txt' },
    http: { url: 'http://a' },
    'meerkats-table': {},
  };
  t.strictSame(missing(t, servers), []);
  t.end();
});

void t.test('what is not there is a problem with its place', (t) => {
  const servers = {
    a: { command: 'no-such-tool' },
    b: { command: './no-such-tool' },
    c: { command: 'plain.txt' },
    d: { module: 'gone.js' },
    e: { command: 'tool', cwd: 'gone' },
    f: { module: '.' },
  };
  const found = missing(t, servers);
  t.match(said(found), [
    'servers.a.command there is no program no-such-tool on PATH',
    /^servers.b.command .*\/no-such-tool is no executable file/,
    'servers.c.command there is no program plain.txt on PATH',
    /^servers.d.module there is no file .*gone.js/,
    /^servers.e.cwd there is no folder .*gone/,
    /^servers.f.module there is no file/,
  ]);
  t.match(found[0], { line: 4, column: 18, sourceLine: /no-such-tool/, hint: /whole path/ });
  t.end();
});

void t.test('a whole command line is told to be split', (t) => {
  const [found] = missing(t, { a: { command: 'node server.js' } });
  t.match(found, { message: /no program node server\.js on PATH/, hint: /"args"/ });
  t.end();
});

void t.test('without a PATH no program is found', (t) => {
  t.equal(missing(t, { a: { command: 'tool' } }, { PATH: '' }).length, 1);
  const { folder, ...inspection } = inspectText(t, { servers: { a: { command: 'sh' } } });
  t.equal(missingSourceFiles(inspection, {}).length, 1, folder);
  t.end();
});

void t.test('a disabled server needs nothing', (t) => {
  t.strictSame(missing(t, { a: { enabled: false, command: 'no-such-tool' } }), []);
  t.end();
});

void t.test('a pasted server is found in its own group', (t) => {
  const inspection = inspectText(t, { mcpServers: { a: { command: 'no-such-tool' } } });
  t.match(missingSourceFiles(inspection, {}), [{ path: 'mcpServers.a.command', line: 4 }]);
  t.end();
});

void t.test('what has a problem already gets no second one', (t) => {
  const inspection = inspectText(t, {
    servers: { a: { command: '${TOOL}' }, b: { command: 'no-such-tool' } },
  });
  t.strictSame(said(missingSourceFiles(inspection, {})), [
    'servers.b.command there is no program no-such-tool on PATH',
  ]);
  t.end();
});
