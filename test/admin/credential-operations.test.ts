import { randomBytes } from 'node:crypto';
import t from 'tap';
import {
  createCredentialOperations,
  credentialKeys,
  readCredentialBinding,
  readCredentialInput,
  readCredentialPage,
} from '../../src/admin/credential-operations.js';
import type { Config } from '../../config/config.js';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';
import { createMemoryStore } from '../support/memory-store.js';

const SERVERS = {
  mail: { credential: { into: 'header', name: 'authorization', prefix: 'Bearer ' } },
  files: { credential: { into: 'env', name: 'TOKEN' } },
  open: { credential: null },
} as unknown as Config['servers'];

const SEALED_SERVERS = { rotated: 2, upToDate: 1, unreadable: ['old'] };

function rig(store = createMemoryStore(), seal = new CredentialSeal(randomBytes(32))) {
  const changed: unknown[] = [];
  const operations = createCredentialOperations({
    store,
    seal,
    registered: { rotate: () => Promise.resolve(SEALED_SERVERS) },
    servers: () => SERVERS,
    onChanged: (binding) => {
      changed.push(binding);
      return Promise.resolve();
    },
  });
  return { store, seal, operations, changed };
}

t.test(
  'what is set is kept sealed, told of, listed without its value, and removed once',
  async (t) => {
    const { store, seal, operations, changed } = rig();
    const ana = { user: 'ana', server: 'mail' };
    const view = await operations.setCredential({ ...ana, value: 's3cret' });
    t.match(view, { ...ana, isCurrentKey: true });
    t.same(changed, [ana]);
    const stored = await store.credentials.get('ana', 'mail');
    t.equal(seal.open(ana, stored?.sealed ?? Buffer.alloc(0)), 's3cret');
    const listed = await operations.listCredentials({});
    t.same(listed, [view]);
    t.notMatch(JSON.stringify(listed), 's3cret');
    t.equal(await operations.removeCredential(ana), true);
    t.equal(await operations.removeCredential(ana), false);
    t.equal(changed.length, 3, 'workers are told even when there was none');
    t.same(await operations.listCredentials({}), []);
  },
);

t.test('what could not be carried where it goes is refused, and never repeated', async (t) => {
  const { operations } = rig();
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['mail', 'ana', 'two\nlines', /no header may have/],
    ['mail', 'ana', '', /empty/],
    ['mail', 'ana', 'x'.repeat(16_385), /longer than 16384/],
    ['files', 'ana', 'a\0b', /NUL/],
    ['files', '', 'x', /user must be/],
    ['open', 'ana', 'x', /takes no credential/],
    ['nope', 'ana', 'x', /servers list/],
    ['__proto__', 'ana', 'x', /servers list/],
  ];
  for (const [server, user, value, message] of cases) {
    const error: unknown = await operations
      .setCredential({ server, user, value })
      .catch((thrown: unknown) => thrown);
    t.ok(error instanceof Error && message.test(error.message), String(error));
    if (value.length > 1 && error instanceof Error) t.notOk(error.message.includes(value));
  }
  await operations.setCredential({ server: 'files', user: 'ana', value: 'a\nPEM' });
});

t.test(
  'a rotation seals anew what the former key sealed, and names what no key opens',
  async (t) => {
    const store = createMemoryStore();
    const formerKey = randomBytes(32);
    const former = rig(store, new CredentialSeal(formerKey)).operations;
    await former.setCredential({ user: 'ana', server: 'mail', value: 'a' });
    const lost = rig(store, new CredentialSeal(randomBytes(32))).operations;
    await lost.setCredential({ user: 'bob', server: 'mail', value: 'b' });
    const seal = new CredentialSeal(randomBytes(32), [formerKey]);
    const { operations } = rig(store, seal);
    await operations.setCredential({ user: 'cy', server: 'mail', value: 'c' });
    t.same(
      (await operations.listCredentials({})).map(({ isCurrentKey }) => isCurrentKey),
      [false, false, true],
    );
    const unreadable = [{ user: 'bob', server: 'mail' }];
    const others = { unreadable, servers: SEALED_SERVERS };
    t.same(await operations.rotateCredentials(), { rotated: 1, upToDate: 1, ...others });
    t.same(await operations.rotateCredentials(), { rotated: 0, upToDate: 2, ...others });
    const stored = await store.credentials.get('ana', 'mail');
    t.equal(seal.open({ user: 'ana', server: 'mail' }, stored?.sealed ?? Buffer.alloc(0)), 'a');
  },
);

t.test('the keys are those of the master key, then of the one before', (t) => {
  const config = (masterKeyPrevious: string | null) =>
    ({ secrets: { masterKeyPrevious } }) as unknown as Config;
  const [current, previous] = credentialKeys(config('old'), 'new');
  t.equal(credentialKeys(config(null), 'new').length, 1);
  t.same(credentialKeys(config(null), 'old'), [previous]);
  t.same(credentialKeys(config(null), 'new'), [current]);
  t.end();
});

t.test('requests are read member by member', (t) => {
  const input = { user: 'ana', server: 'mail', value: 'x' };
  t.same(readCredentialInput(input), input);
  t.throws(() => readCredentialInput({ ...input, valeu: 1 }), /unknown member "valeu"/);
  t.throws(() => readCredentialInput({ user: 'ana', server: 'mail' }), /value must be a text/);
  const query = (text: string) => new URLSearchParams(text);
  t.same(readCredentialPage(query('')), {});
  t.same(readCredentialPage(query('afterUser=a&afterServer=b')), {
    after: { user: 'a', server: 'b' },
  });
  t.same(readCredentialBinding(query('user=a%26&server=b')), { user: 'a&', server: 'b' });
  t.throws(() => readCredentialBinding(query('user=a')), { code: 'GW_BAD_REQUEST' });
  t.end();
});
