/** What every adapter promises of grants, credentials, registered servers, event logs, and of copies. */
import type { Test } from 'tap';
import type { Grant } from '../../src/store/grants.js';
import type { Store } from '../../src/store/store.js';
import { keyRecord } from './store-contract.js';

type Open = (t: Test) => Promise<Store>;

const AT = '2026-01-01T00:00:00.000Z';

export function grant(change: Partial<Grant> = {}): Grant {
  return {
    user: 'ana',
    server: 'github',
    effect: 'allow',
    tools: null,
    limits: null,
    updatedAt: AT,
    ...change,
  };
}

export function storePartsContract(t: Test, opened: Open): void {
  grantsContract(t, opened);
  credentialsContract(t, opened);
  serversContract(t, opened);
  eventsContract(t, opened);
  copiesContract(t, opened);
}

function grantsContract(t: Test, opened: Open): void {
  t.test('a grant takes the place of the one before, and belongs to one user only', async (st) => {
    const { grants } = await opened(st);
    const limits = { requestsPerSecond: 5, maxConcurrentRequests: null };
    const tools = { allow: ['get_*'], deny: ['get_secret'] };
    const odd = 'a"]["\\ \0 é\ud800';
    await grants.set(grant());
    await grants.set(grant({ effect: 'deny' }));
    await grants.set(grant({ server: '*', tools, limits }));
    for (const user of ['an', 'anas', odd]) await grants.set(grant({ user }));
    st.same(await grants.ofUser('ana'), [
      grant({ server: '*', tools, limits }),
      grant({ effect: 'deny' }),
    ]);
    st.same(await grants.ofUser('an'), [grant({ user: 'an' })]);
    st.same(await grants.ofUser(odd), [grant({ user: odd })]);
    st.same(await grants.ofUser('a'), []);
    st.equal(await grants.remove('ana', 'github'), true);
    st.equal(await grants.remove('ana', 'github'), false);
    st.equal((await grants.ofUser('ana')).length, 1);
  });

  t.test('grants list by user and server, page by page', async (st) => {
    const { grants } = await opened(st);
    for (const [user, server] of [
      ['ben', 'a'],
      ['ana', 'b'],
      ['ana', 'a'],
    ] as const) {
      await grants.set(grant({ user, server }));
    }
    const names = (listed: Grant[]) => listed.map(({ user, server }) => `${user} ${server}`);
    st.same(names(await grants.list()), ['ana a', 'ana b', 'ben a']);
    st.same(names(await grants.list({ limit: 2 })), ['ana a', 'ana b']);
    st.same(names(await grants.list({ after: { user: 'ana', server: 'a' }, limit: 1 })), ['ana b']);
    st.same(names(await grants.list({ after: { user: 'ben', server: 'a' } })), []);
  });

  t.test('grants and credentials move the identity version, servers their own', async (st) => {
    const store = await opened(st);
    const versions = async () => [await store.identityVersion(), await store.servers.changes()];
    const moved: string[] = [];
    let [identity = 0, servers = 0] = await versions();
    const note = async (what: string) => {
      const [identityNow = 0, serversNow = 0] = await versions();
      if (identityNow > identity) moved.push(`${what}: identity`);
      if (serversNow > servers) moved.push(`${what}: servers`);
      [identity, servers] = [identityNow, serversNow];
    };
    const sealed = Buffer.of(1);
    await store.grants.set(grant());
    await note('set');
    await store.grants.remove('ana', 'github');
    await note('remove');
    await store.credentials.put({ user: 'ana', server: 'x', sealed, keyVersion: 1, updatedAt: AT });
    await note('put');
    await store.credentials.delete('ana', 'x');
    await note('delete');
    await store.servers.put({ name: 'x', entry: {}, enabled: true, updatedAt: AT });
    await note('add');
    await store.servers.remove('x');
    await note('end');
    await store.audit.append({ at: AT, actor: 'a', action: 'b', target: 'c', detail: {} });
    await store.grants.ofUser('ana');
    await store.servers.list();
    await note('others');
    st.same(moved, [
      'set: identity',
      'remove: identity',
      'put: identity',
      'delete: identity',
      'add: servers',
      'end: servers',
    ]);
  });
}

function credentialsContract(t: Test, opened: Open): void {
  t.test('sealed bytes come back as they were, and versions grow', async (st) => {
    const { credentials } = await opened(st);
    const sealed = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const given = { user: 'ana', server: 'github', sealed, keyVersion: 3, updatedAt: AT };
    st.equal(await credentials.get('ana', 'github'), null);
    st.equal(await credentials.put(given), 1);
    st.equal(await credentials.put({ ...given, sealed: Buffer.alloc(0), keyVersion: 4 }), 2);
    st.match(await credentials.get('ana', 'github'), { keyVersion: 4, version: 2 });
    st.equal(await credentials.put(given), 3);
    const found = await credentials.get('ana', 'github');
    st.same(found === null ? null : Buffer.from(found.sealed), sealed);
    st.same({ ...found, sealed: null }, { ...given, sealed: null, version: 3 });
    st.equal(await credentials.get('ben', 'github'), null);
    await credentials.put({ ...given, user: 'ben' });
    const listed = await credentials.list();
    st.same(
      listed.map(({ user, server }) => [user, server]),
      [
        ['ana', 'github'],
        ['ben', 'github'],
      ],
    );
    const after = { user: 'ana', server: 'github' };
    st.match(await credentials.list({ after, limit: 1 }), [{ user: 'ben' }]);
    st.equal(await credentials.delete('ana', 'github'), true);
    st.equal(await credentials.delete('ana', 'github'), false);
    st.equal(await credentials.get('ana', 'github'), null);
  });
}

function serversContract(t: Test, opened: Open): void {
  t.test('a registered server keeps its entry, by name', async (st) => {
    const { servers } = await opened(st);
    const entry = { url: 'https://a.example', headers: { $ref: 'x', 'a.b': [null] } };
    const beta = { name: 'beta', entry, enabled: true, updatedAt: AT };
    st.equal(await servers.put(beta), 1);
    st.equal(await servers.put({ ...beta, enabled: false }), 2);
    st.equal(await servers.put({ ...beta, name: 'alpha', entry: null }), 1);
    st.same(await servers.get('beta'), { ...beta, enabled: false, version: 2 });
    st.equal(await servers.get('gamma'), null);
    st.match(await servers.list(), [{ name: 'alpha', entry: null }, { name: 'beta' }]);
    st.match(await servers.list({ afterName: 'alpha', limit: 5 }), [{ name: 'beta' }]);
    st.equal(await servers.remove('beta'), true);
    st.equal(await servers.remove('beta'), false);
    st.equal((await servers.list()).length, 1);
  });
}

function eventsContract(t: Test, opened: Open): void {
  t.test('events come newest first, those of one instant in their order, by pages', async (st) => {
    const { audit } = await opened(st);
    const entry = { at: AT, actor: 'uid 1000', action: 'keys.create', detail: { n: 1 } };
    for (const target of ['b', 'c']) await audit.append({ ...entry, target });
    await audit.append({ ...entry, at: '2025-12-31T23:59:59.999Z', target: 'a' });
    const all = await audit.list();
    st.match(all, [{ ...entry, target: 'c' }, { ...entry, target: 'b' }, { target: 'a' }]);
    st.match(await audit.list({ limit: 1 }), [{ target: 'c' }]);
    st.match(await audit.list({ beforeId: all[0]?.id, limit: 1 }), [{ target: 'b' }]);
    st.same(await audit.list({ beforeId: all[2]?.id }), []);
  });

  t.test('alerts keep what was raised and what recovered', async (st) => {
    const { alerts } = await opened(st);
    const raised = { at: AT, cause: 'cpu', message: 'CPU at 93 %', detail: { percent: 93 } };
    await alerts.append({ ...raised, state: 'raised' });
    await alerts.append({ ...raised, at: '2026-01-01T00:01:00.000Z', state: 'recovered' });
    st.match(await alerts.list(), [{ state: 'recovered' }, { ...raised, state: 'raised' }]);
  });

  t.test('a table is pruned to its greatest keys', async (st) => {
    const { tables } = await opened(st);
    await tables.audit.prune(2);
    for (let n = 0; n < 5; n += 1) await tables.audit.put([`${n}`], n);
    await tables.audit.prune(5);
    st.equal(await tables.audit.count(), 5);
    await tables.audit.prune(2);
    st.match(await tables.audit.list(), [{ value: 3 }, { value: 4 }]);
  });
}

function copiesContract(t: Test, opened: Open): void {
  t.test('records are restored as they were, over what is there', async (st) => {
    const { tables, keys, documents } = await opened(st);
    await tables.grants.put(['ana', 'a'], 'old');
    const records = Array.from({ length: 30 }, (_, n) => {
      return { key: ['ana', `s${n}`], value: { n }, version: n + 1 };
    });
    const replaced = { key: ['ana', 'a'], value: 'new', version: 9 };
    await tables.grants.restore([replaced, ...records]);
    await tables.grants.restore([replaced, ...records]);
    st.equal(await tables.grants.count(), 31);
    st.same(await tables.grants.get(['ana', 's29']), records[29]);
    st.same(await tables.grants.get(['ana', 'a']), replaced);

    const key = keyRecord({ useCount: 3, revokedAt: AT });
    await keys.restore([keyRecord(), keyRecord({ id: 'b'.repeat(12) })]);
    await keys.restore([key]);
    st.same(await keys.find(key.id), key);
    st.equal(await keys.count(), 2);

    const scope = { server: 'notes', user: 'ana' };
    await documents.put(scope, 'k', 'old');
    await documents.restore(scope, [
      { key: 'k', value: { $x: 1 }, version: 7 },
      { key: 'l', value: null, version: 1 },
    ]);
    st.same(await documents.get(scope, 'k'), { key: 'k', value: { $x: 1 }, version: 7 });
    st.equal(await documents.put(scope, 'k', 2), 8);
  });

  t.test('the scopes of documents are found, each once, page by page', async (st) => {
    const { documents } = await opened(st);
    const scopes = [
      { server: 'a', user: 'x' },
      { server: 'a', user: 'x"]y\\' },
      { server: 'a', user: 'é' },
      { server: 'b', user: 'x' },
    ];
    for (const scope of scopes) {
      await documents.put(scope, 'k', 1);
      await documents.put(scope, '\uffff', 1);
    }
    await documents.put({ server: 'gone', user: 'x' }, 'k', 1);
    await documents.delete({ server: 'gone', user: 'x' }, 'k');
    const found = await documents.scopes();
    const name = ({ server, user }: { server: string; user: string }) => `${server} ${user}`;
    st.same(found.map(name).sort(), scopes.map(name).sort());
    const paged: typeof found = [];
    for (let page = await documents.scopes({ limit: 1 }); page.length > 0;) {
      paged.push(...page);
      const [last] = page;
      page = last === undefined ? [] : await documents.scopes({ after: last, limit: 1 });
    }
    st.same(paged, found);
  });
}
