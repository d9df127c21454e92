import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadOrCreateSecret, SecretFileError } from '../../src/store/secret-files.js';
import { mountSmallDisk, NO_MOUNT } from '../support/small-disk.js';

const jwtSecret = (dataDir: string) =>
  loadOrCreateSecret({ dataDir, name: 'jwt-secret', bytes: 48 });

t.test('a secret is made once, kept for the owner alone, and read again as it was', async (t) => {
  const dataDir = join(t.testdir(), 'data');
  const made = await jwtSecret(dataDir);
  t.equal(Buffer.from(made, 'base64').length, 48);
  t.equal(await jwtSecret(dataDir), made);
  t.equal(statSync(join(dataDir, 'jwt-secret')).mode & 0o777, 0o600);
  t.same(readdirSync(dataDir), ['jwt-secret'], 'no draft is left behind');
  t.not(await loadOrCreateSecret({ dataDir, name: 'master-key', bytes: 48 }), made);
});

t.test('of many that start at once all use the same secret', async (t) => {
  const dataDir = join(t.testdir(), 'data');
  const secrets = await Promise.all(Array.from({ length: 20 }, () => jwtSecret(dataDir)));
  t.equal(new Set(secrets).size, 1);
  t.same(readdirSync(dataDir), ['jwt-secret']);
});

t.test('a secret that others may read is refused with the command that closes it', async (t) => {
  const dataDir = join(t.testdir(), 'data');
  const made = await jwtSecret(dataDir);
  const path = join(dataDir, 'jwt-secret');
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(path, mode);
    const error: unknown = await jwtSecret(dataDir).catch((thrown: unknown) => thrown);
    t.ok(error instanceof SecretFileError);
    t.match(error, { message: `mode ${mode.toString(8)}` });
    t.match(error, { message: `chmod 600 '${path}'` });
  }
  chmodSync(path, 0o600);
  t.equal(await jwtSecret(dataDir), made);
});

t.test('a short or emptied secret is refused and not silently replaced', async (t) => {
  const dataDir = t.testdir();
  for (const text of ['', 'hunter2\n']) {
    writeFileSync(join(dataDir, 'jwt-secret'), text, { mode: 0o600 });
    await t.rejects(jwtSecret(dataDir), { name: 'SecretFileError' });
  }
});

t.test('a folder that cannot be read is an error, not a new secret', async (t) => {
  const folder = t.testdir({ file: '' });
  await t.rejects(jwtSecret(join(folder, 'file')), { code: 'ENOTDIR' });
});

t.test('a full disk is told, and no draft of the secret stays on it', async (t) => {
  const disk = mountSmallDisk(64);
  if (disk === null) {
    t.pass('skipped', { skip: NO_MOUNT });
    return;
  }
  t.teardown(() => {
    disk.remove();
  });
  disk.fill();
  await t.rejects(jwtSecret(disk.path), { code: 'ENOSPC' });
  t.strictSame(
    readdirSync(disk.path).filter((name) => name.startsWith('jwt-secret')),
    [],
  );
});
