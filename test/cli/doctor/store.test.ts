import { join } from 'node:path';
import t, { type Test } from 'tap';
import { inspectConfig } from '../../../config/load.js';
import { examineStore, judgeStore } from '../../../src/cli/doctor/store.js';
import { openStore } from '../../../src/store/open-store.js';

function patient(t: Test, env: Readonly<Record<string, string>> = {}) {
  const cwd = t.testdir({ 'server.json': '{ "servers": {} }' });
  const inspection = inspectConfig({ path: 'server.json', env, cwd });
  return { inspection, gateway: null, publicUrl: null };
}

t.test('a store that is not made yet is left unmade', async (t) => {
  const sick = patient(t);
  t.match(await examineStore(sick), [{ severity: 'note', message: /MONGODB_URI is not set/ }]);
  t.match(await examineStore(sick), [{ severity: 'note' }], 'still');
});

t.test('an embedded store is opened and asked', async (t) => {
  const sick = patient(t);
  const store = await openStore({ dataDir: sick.inspection.config.dataDir, mongodbUri: null });
  await store.close();
  t.match(await examineStore(sick), [{ check: 'store', message: /answers in [\d.]+ ms/ }]);
});

t.test('a MongoDB that is away is an error, without its password', async (t) => {
  const uri = 'mongodb://ana:hunter2@127.0.0.1:1/multi-mcp';
  const found = await examineStore(patient(t, { MONGODB_URI: uri }));
  t.match(found, [{ severity: 'error', exitCode: 69, fix: /MONGODB_URI/ }]);
  t.notMatch(JSON.stringify(found), /hunter2/);
});

t.test('a store far away is worth a warning', async (t) => {
  t.match(judgeStore('mongodb (a/b)', [90, 60, 61], false), [
    { severity: 'warning', message: /60\.0 ms/ },
  ]);
  t.match(judgeStore(join('embedded'), [90, 1], true), [{ severity: 'ok' }], 'the first connects');
});
