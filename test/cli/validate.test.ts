import t from 'tap';
import type { Test } from 'tap';
import { validateCommand } from '../../src/cli/validate.js';
import type { ValidateOptions } from '../../src/cli/validate.js';

const BAD = `{
  "global": { "prot": 8080 },
  "servers": {
    "files": { "command": "no-such-tool" },
    "api": { "url": "http://a/", "headers": { "K": "hunter2\\n" } }
  }
}`;
const GOOD =
  '{ "servers": { "meerkats-table": {}, "off": { "enabled": false, "url": "http://a" } } }';
const ODD = '{ "global": { "maxConnectionsPerServer": 501 } }';

function validate(t: Test, text: string, options: ValidateOptions = {}) {
  const cwd = t.testdir({ 'server.json': text });
  return validateCommand({ file: 'server.json', env: {}, cwd, ...options });
}

void t.test('a good file says so in one line and exits with 0', (t) => {
  const { exitCode, stdout } = validate(t, GOOD);
  t.equal(exitCode, 0);
  t.match(
    stdout,
    /^\S+server\.json is valid: http:\/\/127\.0\.0\.1:8080, 1 of 2 servers enabled\n$/,
  );
  t.end();
});

void t.test('a bad file lists every problem with its place, and exits with 78', (t) => {
  const { exitCode, stdout } = validate(t, BAD);
  t.equal(exitCode, 78);
  t.match(stdout, /^server\.json:2:15 global\.prot is not a setting\n/);
  t.match(stdout, 'did you mean "port"?');
  t.match(stdout, /^server\.json:4:27 servers\.files\.command there is no program no-such-tool/m);
  t.match(stdout, /^ {4}4 \| .*no-such-tool.*\n {6}\| +\^{14}$/m);
  t.match(stdout, /^server\.json:5:52 servers\.api\.headers\.K has characters/m);
  t.match(stdout, /\n3 problems\n$/);
  t.end();
});

void t.test('one problem is one problem', (t) => {
  t.match(validate(t, '{ "zebra": 1 }').stdout, /\n1 problem\n$/);
  t.end();
});

void t.test('warnings are shown and do not fail', (t) => {
  const { exitCode, stdout } = validate(t, ODD);
  t.equal(exitCode, 0);
  t.match(stdout, /^Warnings:\nserver\.json:1:42 global\.maxConnectionsPerServer is 501/);
  t.match(stdout, /is valid: /);
  t.end();
});

void t.test('--json is one object for machines', (t) => {
  for (const options of [{ json: true }, { format: 'json' } as const]) {
    const good: unknown = JSON.parse(validate(t, GOOD, options).stdout);
    t.strictSame(good, { ok: true, problems: [], warnings: [] });
  }
  const { exitCode, stdout } = validate(t, BAD, { json: true });
  t.equal(exitCode, 78);
  t.match(JSON.parse(stdout), {
    ok: false,
    problems: [
      {
        file: 'server.json',
        line: 2,
        column: 15,
        path: 'global.prot',
        message: 'is not a setting',
        hint: 'did you mean "port"?',
        sourceLine: '  "global": { "prot": 8080 },',
      },
      { line: 4 },
      { line: 5 },
    ],
  });
  t.end();
});

void t.test('--format github annotates, and shows no line that may hold a secret', (t) => {
  const { exitCode, stdout } = validate(t, BAD, { format: 'github' });
  t.equal(exitCode, 78);
  t.match(
    stdout,
    /^::error file=server\.json,line=2,col=15,title=global\.prot::global\.prot is not a setting; did you mean "port"\?\n/,
  );
  t.equal(stdout.trim().split('\n').length, 3);
  t.notMatch(stdout, /hunter2/);
  const odd = validate(t, ODD, { format: 'github' }).stdout;
  t.match(odd, /^::warning file=server\.json,line=1,col=42,title=[^]*is valid/);
  t.end();
});

void t.test('an annotation escapes what would end it', (t) => {
  const { stdout } = validate(t, '{ "100%,a:b": 1 }', { format: 'github' });
  t.match(stdout, 'title=["100%25%2Ca%3Ab"]::["100%25,a:b"] is not a setting');
  const environment = validate(t, GOOD, { format: 'github', env: { PORT: 'x' } }).stdout;
  t.match(environment, /^::error title=PORT::PORT must be/);
  t.end();
});

void t.test('a missing file is one problem and exits with 78', (t) => {
  const { exitCode, stdout } = validate(t, GOOD, { file: 'gone.json' });
  t.equal(exitCode, 78);
  t.equal(stdout, 'gone.json does not exist\n\n1 problem\n');
  const { stdout: annotated } = validate(t, GOOD, { file: 'gone.json', format: 'github' });
  t.equal(annotated, '::error file=gone.json::does not exist\n');
  t.end();
});

void t.test('colour is used only when asked for', (t) => {
  t.notMatch(validate(t, BAD).stdout, '\u001b');
  t.match(validate(t, BAD, { color: true }).stdout, '\u001b');
  t.end();
});

void t.test('without an environment given it looks at its own', (t) => {
  const cwd = t.testdir({ 'server.json': GOOD });
  t.match(validateCommand({ file: 'server.json', cwd }).stdout, 'is valid');
  t.end();
});
