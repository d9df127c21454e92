import t from 'tap';
import { auditedOperations, createAuditor } from '../../src/admin/audit.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { fakeOperations } from '../support/admin-operations.js';
import { createMemoryStore } from '../support/memory-store.js';

const LIMITS = { requestsPerSecond: 5, maxConcurrentRequests: null };
const KEY = {
  user: 'ana',
  servers: ['github'],
  tools: null,
  limits: LIMITS,
  isAdmin: false,
  label: 'laptop',
  expiresInSeconds: null,
};
const GRANT = { user: 'ana', server: 'github', effect: 'deny', tools: null, limits: null } as const;

function fixture(change: Parameters<typeof fakeOperations>[0] = {}) {
  const store = createMemoryStore();
  const errors: GatewayError[] = [];
  const auditor = createAuditor({
    audit: store.audit,
    actor: 'ana (uid 1000)',
    onError: (error) => errors.push(error),
  });
  const { operations } = fakeOperations(change);
  return { store, errors, operations: auditedOperations(operations, auditor) };
}

t.test('every change is recorded with who and what, newest first, and no secret', async (t) => {
  const { store, operations } = fixture();
  await operations.createKey(KEY);
  await operations.updateKey('abcdefghijkm', { limits: LIMITS });
  await operations.revokeKey('abcdefghijkm');
  await operations.mintToken({ user: 'ana', servers: null, expiresInSeconds: 60 });
  await operations.setGrant(GRANT);
  await operations.removeGrant('ana', 'github');
  await operations.restartWorkers();
  await operations.reload();
  await operations.restartServer('github');
  await operations.setLogLevel({ level: 'debug', forSeconds: 60 });
  const entries = await store.audit.list();
  t.same(
    entries.map(({ action, target, actor }) => [action, target, actor]),
    [
      ['log-level.set', 'gateway', 'ana (uid 1000)'],
      ['servers.restart', 'github', 'ana (uid 1000)'],
      ['config.reload', 'gateway', 'ana (uid 1000)'],
      ['workers.restart', 'gateway', 'ana (uid 1000)'],
      ['grants.remove', 'ana@github', 'ana (uid 1000)'],
      ['grants.set', 'ana@github', 'ana (uid 1000)'],
      ['tokens.mint', 'ana', 'ana (uid 1000)'],
      ['keys.revoke', 'abcdefghijkm', 'ana (uid 1000)'],
      ['keys.update', 'abcdefghijkm', 'ana (uid 1000)'],
      ['keys.create', 'abcdefghijkm', 'ana (uid 1000)'],
    ],
  );
  t.match(entries.at(-1), { at: /^20/, detail: KEY });
  t.match(entries.find(({ action }) => action === 'grants.set')?.detail, { effect: 'deny' });
  t.notMatch(JSON.stringify(entries), /mmcp_whole|a\.b\.c/, 'neither the key nor the token');
});

t.test('what changed nothing, failed, or only reads is not recorded', async (t) => {
  const { store, operations } = fixture({
    revokeKey: () => Promise.resolve(false),
    removeGrant: () => Promise.resolve(false),
    updateKey: () => Promise.resolve(null),
    setGrant: () => Promise.reject(new GatewayError('GW_BAD_REQUEST')),
  });
  await operations.revokeKey('x');
  await operations.removeGrant('x', 'y');
  await operations.updateKey('x', { label: 'y' });
  await t.rejects(operations.setGrant(GRANT), { code: 'GW_BAD_REQUEST' });
  await operations.listKeys({});
  await operations.listGrants({});
  await operations.listAudit({});
  await operations.status();
  t.same(await store.audit.list(), []);
});

t.test('a trail that cannot be written is told, and the change stands', async (t) => {
  const { store, errors, operations } = fixture();
  store.isAway = true;
  t.match(await operations.createKey(KEY), { id: 'abcdefghijkm' });
  t.match(errors, [{ code: 'GW_STORE_UNAVAILABLE' }]);
});
