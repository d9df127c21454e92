import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { inspectConfig } from '../../../config/load.js';
import { examinePermissions } from '../../../src/cli/doctor/permissions.js';

function patient(t: Test, servers: object = {}) {
  const directory = t.testdir({});
  const dataDir = join(directory, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const path = join(directory, 'server.json');
  writeFileSync(path, JSON.stringify({ global: { dataDir }, servers }), { mode: 0o644 });
  const inspection = inspectConfig({ path, env: {}, cwd: directory });
  return {
    dataDir,
    path,
    examine: () => examinePermissions({ inspection, gateway: null, publicUrl: null }),
  };
}

const grave = (findings: readonly { readonly severity: string }[]) =>
  findings.filter(({ severity }) => severity === 'warning' || severity === 'error');

t.test('private files are fine', async (t) => {
  const { dataDir, examine } = patient(t);
  writeFileSync(join(dataDir, 'master-key'), 'x', { mode: 0o600 });
  t.match(await examine(), [{ severity: 'ok' }]);
});

t.test('a secret that others may read is an error with the command that repairs it', async (t) => {
  const { dataDir, examine } = patient(t);
  writeFileSync(join(dataDir, 'jwt-secret'), 'x');
  chmodSync(join(dataDir, 'jwt-secret'), 0o644);
  t.match(grave(await examine()), [
    { severity: 'error', exitCode: 78, message: /mode 644/, fix: /^chmod 600 '.*jwt-secret'$/ },
  ]);
});

t.test('the database may be open only in a closed directory', async (t) => {
  const { dataDir, examine } = patient(t);
  writeFileSync(join(dataDir, 'multi-mcp.db'), 'x');
  chmodSync(join(dataDir, 'multi-mcp.db'), 0o644);
  t.strictSame(grave(await examine()), []);
  chmodSync(dataDir, 0o755);
  t.match(grave(await examine()), [{ severity: 'warning', fix: /chmod 700/ }]);
});

t.test('a first key that was left lying about is mentioned', async (t) => {
  const { dataDir, examine } = patient(t);
  writeFileSync(join(dataDir, 'first-api-key.txt'), 'x', { mode: 0o600 });
  t.match(grave(await examine()), [{ severity: 'warning', fix: /rm '/ }]);
});

t.test('a configuration with credentials in it is not for everyone', async (t) => {
  const servers = { api: { url: 'https://api.example.com/mcp', headers: { 'X-Key': 'hunter2' } } };
  const { path, examine } = patient(t, servers);
  t.match(grave(await examine()), [{ severity: 'warning', fix: /chmod 640/ }]);
  chmodSync(path, 0o640);
  t.strictSame(grave(await examine()), []);
});
