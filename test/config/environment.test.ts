import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { overrideFromEnvironment, secretsFromEnvironment } from '../../config/environment.js';
import type { Environment } from '../../config/environment.js';

const GOOD = 'k'.repeat(16) + 'Z'.repeat(16);

function override(value: unknown, env: Environment) {
  const problems: string[] = [];
  const result = overrideFromEnvironment(value, env, (name, { message }) => {
    problems.push(`${name} ${message}`);
  });
  return { ...result, problems };
}

function secrets(env: Environment) {
  const problems: string[] = [];
  const warnings: string[] = [];
  const hints: (string | null | undefined)[] = [];
  const result = secretsFromEnvironment(env, {
    report: (name, { message, hint }) => {
      problems.push(`${name} ${message}`);
      hints.push(hint);
    },
    warn: (name, { message }) => warnings.push(`${name} ${message}`),
  });
  return { ...result, problems, warnings, hints };
}

void t.test('each variable of the design sets its setting and beats the file', (t) => {
  const env = {
    PORT: '9000',
    HOST: '::1',
    LOG_LEVEL: 'WARN',
    DATA_DIR: '/var/lib/x',
    LOG_DIR: '/var/log/x',
    MONGODB_URI: 'mongodb://db/x',
    UV_THREADPOOL_SIZE: '16',
  };
  const file = { global: { port: 1, queueMaxSize: 7 }, servers: {} };
  const { value, overrides, problems } = override(file, env);
  t.strictSame(value, {
    global: {
      port: 9000,
      queueMaxSize: 7,
      host: '::1',
      dataDir: '/var/lib/x',
      uvThreadpoolSize: 16,
    },
    logging: { level: 'warn', directory: '/var/log/x' },
    store: { mongodbUri: 'mongodb://db/x' },
    servers: {},
  });
  t.strictSame(problems, []);
  t.equal(overrides.length, Object.keys(env).length);
  t.strictSame(overrides[0], { path: ['global', 'port'], variable: 'PORT' });
  t.strictSame(file.global, { port: 1, queueMaxSize: 7 }, 'the document itself is not changed');
  t.end();
});

void t.test('a variable that is empty counts as not set', (t) => {
  const { value, overrides } = override({ global: { port: 1 } }, { PORT: '', HOST: '' });
  t.strictSame(value, { global: { port: 1 } });
  t.strictSame(overrides, []);
  t.end();
});

void t.test('a number that is none is a problem and overrides nothing', (t) => {
  for (const text of ['eighty', '80.5', '-1', '0x50', ' 80', '1'.repeat(16)]) {
    const { value, problems } = override({ global: { port: 1 } }, { PORT: text });
    t.strictSame(value, { global: { port: 1 } }, text);
    t.strictSame(problems, [
      `PORT must be a whole number from 1 to 65535, is ${JSON.stringify(text)}`,
    ]);
  }
  t.end();
});

void t.test('where the file has no object for a group, the schema is left to say so', (t) => {
  for (const value of [{ global: 5 }, { global: [] }, 'text', null]) {
    const result = override(value, { PORT: '80' });
    t.strictSame(result.value, value);
    t.strictSame(result.overrides, []);
  }
  t.end();
});

void t.test('a database URI may come from a file, a port may not', (t) => {
  const folder = t.testdir({ uri: 'mongodb://db/x\n', port: '80' });
  const { value } = override({}, { MONGODB_URI_FILE: join(folder, 'uri') });
  t.strictSame(value, { store: { mongodbUri: 'mongodb://db/x' } });
  t.strictSame(override({}, { PORT_FILE: join(folder, 'port') }).value, {});
  t.end();
});

void t.test('no secret in the environment means null, to be generated', (t) => {
  t.strictSame(secrets({}), {
    jwtSecret: null,
    jwtSecretPrevious: null,
    masterKey: null,
    masterKeyPrevious: null,
    problems: [],
    warnings: [],
    hints: [],
  });
  t.end();
});

void t.test('all three secrets are read, from the variable or from its file', (t) => {
  const folder = t.testdir({ master: `${GOOD}\r\n` });
  const found = secrets({
    JWT_SECRET: GOOD,
    JWT_SECRET_PREVIOUS: `${GOOD} `,
    MULTI_MCP_MASTER_KEY_FILE: join(folder, 'master'),
  });
  t.strictSame(found.problems, []);
  t.equal(found.jwtSecret, GOOD);
  t.equal(found.jwtSecretPrevious, `${GOOD} `, 'only a final newline is no part of a secret');
  t.equal(found.masterKey, GOOD);
  t.end();
});

void t.test('a secret of 31 bytes is refused with the command that makes one, 32 will do', (t) => {
  const { problems, hints } = secrets({ JWT_SECRET: GOOD.slice(1) });
  t.strictSame(problems, ['JWT_SECRET is too short: 31 bytes, and a secret needs 32']);
  t.match(hints, [/openssl rand -base64 48/]);
  t.strictSame(secrets({ JWT_SECRET: GOOD }).problems, []);
  t.strictSame(secrets({ JWT_SECRET: 'ü'.repeat(15) + 'xy' }).problems, [], 'bytes, not letters');
  t.end();
});

void t.test('placeholders that people forget to replace are refused, however long', (t) => {
  for (const text of [
    'your-super-secret-jwt-key-change-in-production',
    'please-change-me-please-change-me-please',
    'your-256-bit-secret-your-256-bit-secret',
    'x'.repeat(64),
  ]) {
    t.match(secrets({ JWT_SECRET: text }).problems, [/placeholder/], text);
  }
  t.end();
});

void t.test('an empty secret counts as not set, and is worth a warning', (t) => {
  const { jwtSecret, problems, warnings } = secrets({ JWT_SECRET: '' });
  t.equal(jwtSecret, null);
  t.strictSame(problems, []);
  t.match(warnings, [/^JWT_SECRET is set, but empty/]);
  t.end();
});

void t.test('a variable and its file together are a problem', (t) => {
  const { problems } = secrets({ JWT_SECRET: GOOD, JWT_SECRET_FILE: '/nowhere' });
  t.strictSame(problems, ['JWT_SECRET is set, and so is JWT_SECRET_FILE']);
  t.end();
});

void t.test(
  'a secret file that is missing, empty, huge or too short is blamed by its variable',
  (t) => {
    const folder = t.testdir({ empty: '\n', short: 'abc', huge: 'x'.repeat(20_000) });
    const problem = (name: string) => secrets({ JWT_SECRET_FILE: join(folder, name) }).problems;
    t.match(problem('gone'), [/^JWT_SECRET_FILE cannot be read: ENOENT/]);
    t.match(problem('empty'), [/^JWT_SECRET_FILE points at .*, which is empty/]);
    t.match(problem('huge'), [/^JWT_SECRET_FILE points at .*too large/]);
    t.match(problem('short'), [/^JWT_SECRET_FILE is too short: 3 bytes/]);
    t.end();
  },
);

void t.test('no message repeats a secret', (t) => {
  const folder = t.testdir({});
  const path = join(folder, 'key');
  writeFileSync(path, 'hunter2');
  chmodSync(path, 0o600);
  const { problems } = secrets({ JWT_SECRET: 'hunter2', MULTI_MCP_MASTER_KEY_FILE: path });
  t.equal(problems.length, 2);
  t.notMatch(problems.join(), /hunter2/);
  t.end();
});
