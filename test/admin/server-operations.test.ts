import { randomBytes } from 'node:crypto';
import t from 'tap';
import { SealedServers } from '../../src/admin/sealed-servers.js';
import {
  createServerOperations,
  readServerInput,
  readServerSwitch,
} from '../../src/admin/server-operations.js';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';
import { inspectText } from '../config/inspect-text.js';
import { createMemoryStore } from '../support/memory-store.js';

const FILE = {
  servers: { mail: { url: 'https://mail.example.com/mcp' }, 'meerkats-table': { enabled: false } },
};
const URL_ENTRY = { url: 'https://notes.example.com/mcp?token=s3cret' };
const add = (entry: unknown, isReplacing = false, name = 'notes') => ({ name, entry, isReplacing });

function rig(t: Parameters<typeof inspectText>[0]) {
  const store = createMemoryStore();
  const registered = new SealedServers(store.servers, new CredentialSeal(randomBytes(32)));
  const applied: string[] = [];
  const { config } = inspectText(t, JSON.stringify(FILE));
  const operations = createServerOperations({
    registered,
    fileConfig: () => config,
    env: {},
    apply: (reason) => {
      applied.push(reason);
      return Promise.resolve();
    },
    url: 'http://127.0.0.1:8080',
  });
  return { store, registered, applied, operations };
}

t.test('an added server is kept, applied, and told of without its secrets', async (t) => {
  const { registered, applied, operations } = rig(t);
  const added = await operations.addServer(add(URL_ENTRY));
  t.same(added, {
    name: 'notes',
    kind: 'http',
    from: 'https://notes.example.com',
    enabled: true,
    replaced: false,
    url: 'http://127.0.0.1:8080/notes/mcp',
    warnings: [],
  });
  t.match(await registered.get('notes'), { entry: URL_ENTRY, isEnabled: true });
  t.same(applied, ['notes was added']);
  await t.rejects(operations.addServer(add(URL_ENTRY)), {
    message: /was added before: use --replace/,
  });
  const replaced = await operations.addServer(add({ ...URL_ENTRY, enabled: false }, true));
  t.match(replaced, { replaced: true, enabled: false });
  t.same((await registered.get('notes'))?.entry, URL_ENTRY, 'the switch is not the entry’s');
});

t.test('what is wrong is neither kept nor applied', async (t) => {
  const { registered, applied, operations } = rig(t);
  const cases: readonly (readonly [ReturnType<typeof add>, RegExp])[] = [
    [add({ urll: 'x' }), /servers\.notes\.urll .*did you mean "url"/],
    [add({ ...URL_ENTRY, enabled: 'yes' }), /enabled must be true or false/],
    [add(URL_ENTRY, true, 'mail'), /mail stands in .*server\.json: change it there/],
    [add(URL_ENTRY, false, 'health'), /health/],
  ];
  for (const [input, message] of cases) {
    await t.rejects(operations.addServer(input), { code: 'GW_BAD_REQUEST', message });
  }
  t.same([await registered.all(), applied], [[], []]);
});

t.test('a server that was added can be switched and removed', async (t) => {
  const { registered, applied, operations } = rig(t);
  await operations.addServer(add(URL_ENTRY));
  t.equal(await operations.switchServer('notes', true), false, 'it was so already');
  t.equal(await operations.switchServer('notes', false), true);
  t.match(await registered.get('notes'), { entry: URL_ENTRY, isEnabled: false });
  t.equal(await operations.switchServer('notes', true), true);
  await operations.removeServer('notes');
  t.same(await registered.all(), []);
  t.same(applied.slice(1), ['notes was disabled', 'notes was enabled', 'notes was removed']);
  await t.rejects(operations.removeServer('notes'), { code: 'GW_SERVER_UNKNOWN' });
  await t.rejects(operations.switchServer('notes', false), { code: 'GW_SERVER_UNKNOWN' });
});

t.test('a server of the file can be taken out of service and back, and no more', async (t) => {
  const { registered, applied, operations } = rig(t);
  t.equal(await operations.switchServer('mail', true), false);
  t.equal(await operations.switchServer('mail', false), true);
  t.equal(await operations.switchServer('mail', false), false);
  t.same(await registered.get('mail'), {
    ...{ name: 'mail', entry: null },
    ...{ isEnabled: false, isReadable: true },
  });
  t.equal(await operations.switchServer('mail', true), true);
  t.same(await registered.all(), []);
  t.same(applied, ['mail was disabled', 'mail was enabled']);
  await t.rejects(operations.removeServer('mail'), { message: /servers disable mail/ });
  await t.rejects(operations.switchServer('meerkats-table', true), { message: /is disabled in/ });
  t.equal(await operations.switchServer('meerkats-table', false), false);
});

t.test('what the file took the name of can only be removed', async (t) => {
  const { registered, operations } = rig(t);
  await registered.put({ name: 'mail', entry: URL_ENTRY, isEnabled: true });
  await t.rejects(operations.switchServer('mail', false), { message: /servers remove mail/ });
  await operations.removeServer('mail');
  t.equal(await registered.get('mail'), null);
});

t.test(
  'an entry that a former master key sealed can be removed, and is not switched on',
  async (t) => {
    const { store, operations } = rig(t);
    const foreign = new SealedServers(store.servers, new CredentialSeal(randomBytes(32)));
    await foreign.put({ name: 'notes', entry: URL_ENTRY, isEnabled: false });
    await t.rejects(operations.switchServer('notes', true), { message: /cannot be read/ });
    await operations.removeServer('notes');
  },
);

t.test('bodies are read strictly', (t) => {
  t.same(readServerInput('a', { entry: { url: 'x' } }), {
    ...{ name: 'a', entry: { url: 'x' } },
    isReplacing: false,
  });
  t.throws(() => readServerInput('a', { entry: null }), { message: /entry must be/ });
  t.throws(() => readServerInput('a', { entries: {} }), { message: /unknown member/ });
  t.equal(readServerSwitch({ enabled: false }), false);
  t.throws(() => readServerSwitch({}), { message: /enabled must be/ });
  t.end();
});
