import t, { type Test } from 'tap';
import { loadConfig } from '../../config/load.js';

const FILE = `{
  "global": { "port": 9000 },
  "alerting": { "webhook": { "url": "https://hooks.example.com/T0/hunter2", "headers": { "K": "hunter2" } } },
  "store": { "mongodbUri": "mongodb://ana:hunter2@db1,db2/mcp?tls=true" },
  "servers": {
    "api": { "url": "https://a.example.com/mcp?key=hunter2", "headers": { "X": "hunter2" } },
    "files": { "command": "node", "args": ["-v"], "env": { "TOKEN": "hunter2" } }
  }
}`;

function settings(t: Test, env: Readonly<Record<string, string>> = {}) {
  const cwd = t.testdir({ 'server.json': FILE });
  const list = loadConfig({ path: 'server.json', env, cwd }).settings();
  return { list, one: (name: string) => list.find((setting) => setting.name === name) };
}

t.test('each setting has its value, its unit and where it came from', async (t) => {
  const { one } = settings(t, { HOST: '127.0.0.2' });
  t.match(one('global.port'), { value: 9000, source: 'server.json:2' });
  t.match(one('global.host'), { value: '127.0.0.2', source: 'HOST' });
  t.match(one('global.queueTimeout'), { unit: 'ms', source: 'default', value: Number });
  t.match(one('global.publicUrl'), { value: null, source: 'default' });
  t.match(one('servers.files'), { value: { command: 'node', args: ['-v'] }, source: /:7$/ });
});

t.test('the variable that beats the file is named', async (t) => {
  t.match(settings(t, { PORT: '9001' }).one('global.port'), { value: 9001, source: 'PORT' });
});

t.test('no credential is in it', async (t) => {
  const { list, one } = settings(t, { JWT_SECRET: 'hunter2'.repeat(6) });
  t.notMatch(JSON.stringify(list), /hunter2/);
  t.match(one('alerting.webhook.url'), { value: /^https:\/\/hooks\.example\.com\/\[redacted\]$/ });
  t.match(one('store.mongodbUri'), { value: /^mongodb:\/\/\[redacted\]@db1,db2\// });
  t.match(one('servers.api'), { value: { headers: { X: '[redacted]' } } });
});
