import t from 'tap';
import { auditedOperations, createAuditor } from '../../src/admin/audit.js';
import type { AdminOperations } from '../../src/admin/operations.js';
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

type Call = (operations: AdminOperations) => Promise<unknown>;

/** Every operation: what it leaves on the trail, or null for one that only reads. */
const OPERATIONS: Readonly<
  Record<keyof AdminOperations, readonly [Call, readonly [action: string, target: string] | null]>
> = {
  createKey: [(all) => all.createKey(KEY), ['keys.create', 'abcdefghijkm']],
  updateKey: [
    (all) => all.updateKey('abcdefghijkm', { limits: LIMITS }),
    ['keys.update', 'abcdefghijkm'],
  ],
  revokeKey: [(all) => all.revokeKey('abcdefghijkm'), ['keys.revoke', 'abcdefghijkm']],
  mintToken: [
    (all) => all.mintToken({ user: 'ana', servers: null, expiresInSeconds: 60 }),
    ['tokens.mint', 'ana'],
  ],
  setGrant: [(all) => all.setGrant(GRANT), ['grants.set', 'ana@github']],
  removeGrant: [(all) => all.removeGrant('ana', 'github'), ['grants.remove', 'ana@github']],
  setCredential: [
    (all) => all.setCredential({ user: 'ana', server: 'github', value: 's3cret' }),
    ['credentials.set', 'ana@github'],
  ],
  removeCredential: [
    (all) => all.removeCredential({ user: 'ana', server: 'github' }),
    ['credentials.remove', 'ana@github'],
  ],
  rotateCredentials: [(all) => all.rotateCredentials(), ['credentials.rotate', 'all']],
  addServer: [
    (all) => all.addServer({ name: 'notes', entry: { url: 's3cret' }, isReplacing: false }),
    ['servers.add', 'notes'],
  ],
  removeServer: [(all) => all.removeServer('notes'), ['servers.remove', 'notes']],
  switchServer: [(all) => all.switchServer('notes', false), ['servers.disable', 'notes']],
  approveTools: [(all) => all.approveTools('github', null), ['servers.approve', 'github']],
  restartServer: [(all) => all.restartServer('github'), ['servers.restart', 'github']],
  restartWorkers: [(all) => all.restartWorkers(), ['workers.restart', 'gateway']],
  reload: [(all) => all.reload(), ['config.reload', 'gateway']],
  setLogLevel: [
    (all) => all.setLogLevel({ level: 'debug', forSeconds: 60 }),
    ['log-level.set', 'gateway'],
  ],
  listKeys: [(all) => all.listKeys({}), null],
  listGrants: [(all) => all.listGrants({}), null],
  listAudit: [(all) => all.listAudit({}), null],
  listCredentials: [(all) => all.listCredentials({}), null],
  restartState: [(all) => all.restartState(), null],
  status: [(all) => all.status(), null],
  health: [(all) => all.health(), null],
  listServers: [(all) => all.listServers(), null],
  testServer: [(all) => all.testServer('github'), null],
  logLevel: [(all) => all.logLevel(), null],
  listAlerts: [(all) => all.listAlerts(false), null],
  testAlerts: [(all) => all.testAlerts(), null],
};

t.test('every operation that changes something is on the trail, with who and what', async (t) => {
  for (const [name, [call, trace]] of Object.entries(OPERATIONS)) {
    const { store, operations } = fixture();
    await call(operations);
    const entries = await store.audit.list();
    const actor = 'ana (uid 1000)';
    t.match(
      entries,
      trace === null ? [] : [{ action: trace[0], target: trace[1], actor, at: /^20/ }],
      name,
    );
    t.equal(entries.length, trace === null ? 0 : 1, name);
    t.notMatch(JSON.stringify(entries), /mmcp_whole|a\.b\.c|s3cret/, 'no secret');
  }
  const { operations } = fixture();
  t.same(Object.keys(operations).sort(), Object.keys(OPERATIONS).sort());
});

t.test('the trail is newest first and says what was asked for', async (t) => {
  const { store, operations } = fixture();
  await operations.createKey(KEY);
  await operations.setGrant(GRANT);
  await operations.addServer({ name: 'notes', entry: {}, isReplacing: false });
  await operations.switchServer('notes', true);
  const entries = await store.audit.list();
  t.match(entries, [
    { action: 'servers.enable' },
    { action: 'servers.add', detail: { kind: 'http', from: 'https://notes.example' } },
    { action: 'grants.set', detail: { effect: 'deny' } },
    { action: 'keys.create', detail: KEY },
  ]);
});

t.test('what changed nothing or failed is not recorded', async (t) => {
  const { store, operations } = fixture({
    revokeKey: () => Promise.resolve(false),
    removeGrant: () => Promise.resolve(false),
    updateKey: () => Promise.resolve(null),
    switchServer: () => Promise.resolve(false),
    restartServer: () => Promise.resolve(false),
    approveTools: () => Promise.resolve({ approved: [] }),
    setGrant: () => Promise.reject(new GatewayError('GW_BAD_REQUEST')),
  });
  await operations.revokeKey('x');
  await operations.removeGrant('x', 'y');
  await operations.updateKey('x', { label: 'y' });
  await t.rejects(operations.setGrant(GRANT), { code: 'GW_BAD_REQUEST' });
  await operations.switchServer('x', true);
  await operations.restartServer('x');
  await operations.approveTools('x', null);
  t.same(await store.audit.list(), []);
});

t.test('a trail that cannot be written is told, and the change stands', async (t) => {
  const { store, errors, operations } = fixture();
  store.isAway = true;
  t.match(await operations.createKey(KEY), { id: 'abcdefghijkm' });
  t.match(errors, [{ code: 'GW_STORE_UNAVAILABLE' }]);
});
