import t from 'tap';
import {
  createGrantOperations,
  readAuditPage,
  readGrantBinding,
  readGrantInput,
  readGrantPage,
} from '../../src/admin/grant-operations.js';
import { createMemoryStore } from '../support/memory-store.js';
import { grant } from '../support/store-parts-contract.js';

const input = {
  user: 'ana',
  server: 'github',
  effect: 'allow',
  tools: null,
  limits: null,
} as const;

t.test('each change of a grant reaches the workers, also one that found nothing', async (t) => {
  const store = createMemoryStore();
  let announced = 0;
  const operations = createGrantOperations({
    store,
    onChanged: () => {
      announced += 1;
      return Promise.resolve();
    },
  });
  const set = await operations.setGrant({ ...input, effect: 'deny' });
  t.same(set, grant({ effect: 'deny', updatedAt: set.updatedAt }));
  t.match(set.updatedAt, /^20/);
  await operations.setGrant({ ...input, user: 'ben', server: '*' });
  t.match(await operations.listGrants({}), [{ user: 'ana' }, { user: 'ben', server: '*' }]);
  t.match(await operations.listGrants({ user: 'ben' }), [{ user: 'ben' }]);
  t.match(await operations.listGrants({ after: { user: 'ana', server: 'github' } }), [
    { user: 'ben' },
  ]);
  t.equal(await operations.removeGrant('ana', 'github'), true);
  t.equal(await operations.removeGrant('ana', 'github'), false);
  t.equal(announced, 4);
});

t.test('what no grant should say is refused', async (t) => {
  const store = createMemoryStore();
  const operations = createGrantOperations({ store });
  for (const [change, message] of [
    [{ user: '' }, /user must/],
    [{ server: '../etc' }, /no usable server name, nor \*/],
    [{ tools: { allow: [''], deny: [] } }, /tools.allow must/],
    [{ limits: { requestsPerSecond: 0, maxConcurrentRequests: null } }, /requestsPerSecond must/],
  ] as const) {
    await t.rejects(operations.setGrant({ ...input, ...change }), {
      code: 'GW_BAD_REQUEST',
      message,
    });
  }
  t.same(await store.grants.list(), []);
});

t.test('requests are read member by member', (t) => {
  t.same(readGrantInput({ user: 'ana', server: 'github' }), input);
  for (const [json, message] of [
    [{ user: 'ana', server: 'github', effect: 'alow' }, /effect must be allow or deny/],
    [{ user: 'ana' }, /server must be a text/],
    [{ user: 'ana', server: 'github', tool: [] }, /unknown member "tool"/],
  ] as const) {
    t.throws(() => readGrantInput(json), { code: 'GW_BAD_REQUEST', message });
  }
  const query = (text: string) => new URLSearchParams(text);
  t.same(readGrantBinding(query('user=a&server=b')), { user: 'a', server: 'b' });
  t.throws(() => readGrantBinding(query('user=a')), { message: /user and server/ });
  t.same(readGrantPage(query('')), { user: undefined, after: undefined });
  t.same(readGrantPage(query('user=x&afterUser=a&afterServer=b')), {
    user: 'x',
    after: { user: 'a', server: 'b' },
  });
  t.same(readAuditPage(query('beforeId=i&limit=3')), { beforeId: 'i', limit: 3 });
  t.same(readAuditPage(query('')), { beforeId: undefined, limit: undefined });
  t.end();
});
