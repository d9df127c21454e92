import { randomBytes } from 'node:crypto';
import t from 'tap';
import { SealedServers, serverSeal } from '../../src/admin/sealed-servers.js';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';
import { createMemoryStore } from '../support/memory-store.js';

const ENTRY = { url: 'https://notes.example.com/mcp', headers: { authorization: 's3cret' } };
const NOTES = { name: 'notes', entry: ENTRY, isEnabled: true };

t.test('an entry is kept sealed, and read back as it was', async (t) => {
  const store = createMemoryStore();
  const servers = new SealedServers(store.servers, new CredentialSeal(randomBytes(32)));
  const before = await servers.changes();
  await servers.put(NOTES);
  t.not(await servers.changes(), before);
  t.same(await servers.get('notes'), { ...NOTES, isReadable: true });
  t.notMatch(JSON.stringify(await store.servers.list()), /s3cret|example/);
  await servers.put({ name: 'mail', entry: null, isEnabled: false });
  t.same(
    (await servers.all()).map(({ name, isEnabled, isReadable }) => [name, isEnabled, isReadable]),
    [
      ['mail', false, true],
      ['notes', true, true],
    ],
  );
  t.equal(await servers.remove('notes'), true);
  t.equal(await servers.remove('notes'), false);
  t.equal(await servers.get('notes'), null);
});

t.test('what was not sealed here, for this name, is not believed', async (t) => {
  const store = createMemoryStore();
  const servers = new SealedServers(store.servers, new CredentialSeal(randomBytes(32)));
  await servers.put(NOTES);
  const record = await store.servers.get('notes');
  const updatedAt = new Date().toISOString();
  const forged = [{ command: 'evil' }, '"evil"', '', record?.entry];
  for (const entry of forged) {
    await store.servers.put({ name: 'other', entry, enabled: true, updatedAt });
    t.match(await servers.get('other'), { isReadable: false, entry: null }, JSON.stringify(entry));
  }
});

t.test('a rotation seals anew what the former key sealed, and counts', async (t) => {
  const store = createMemoryStore();
  const keep = { jwtSecret: null, jwtSecretPrevious: null, masterKey: null };
  const sealOf = (masterKeyPrevious: string | null, key: string) =>
    serverSeal({ secrets: { ...keep, masterKeyPrevious } }, key);
  const [lost, former] = ['lost', 'former'].map(
    (key) => new SealedServers(store.servers, sealOf(null, key)),
  );
  await lost?.put({ ...NOTES, name: 'lost' });
  await former?.put(NOTES);
  await former?.put({ ...NOTES, name: 'off', entry: null });
  const present = new SealedServers(store.servers, sealOf('former', 'present'));
  t.match(await present.get('notes'), NOTES);
  t.same(await present.rotate(), { rotated: 1, upToDate: 0, unreadable: ['lost'] });
  t.same(await present.rotate(), { rotated: 0, upToDate: 1, unreadable: ['lost'] });
  const after = new SealedServers(store.servers, sealOf(null, 'present'));
  t.match(await after.get('notes'), NOTES);
});
