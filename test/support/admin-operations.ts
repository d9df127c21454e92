/** Admin operations that answer from what they are given, and keep what they were asked. */
import type { AdminOperations } from '../../src/admin/operations.js';

const key = {
  id: 'abcdefghijkm',
  user: 'ana',
  label: '',
  servers: null,
  tools: null,
  limits: null,
  isAdmin: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  useCount: 0,
};
const reloaded = {
  ok: true,
  version: 2,
  summary: '+1 servers (files), ~0, -0',
  workersReplacedFor: ['http.bodyTimeout'],
  restartNeededFor: ['global.port'],
  problems: [],
  durationMs: 12,
};
const restarting = { running: { replaced: 0, workers: 2 }, last: null };
const restarted = {
  running: null,
  last: { ok: true, replaced: 2, workers: 2, durationMs: 3100, tcpMigrateReq: false },
};
const server = { name: 'github', enabled: true, kind: 'http', state: 'ready', detail: null };

const credential = {
  user: 'ana',
  server: 'github',
  updatedAt: '2026-01-01T00:00:00.000Z',
  isCurrentKey: true,
};

export function fakeOperations(change: Partial<AdminOperations> = {}) {
  const asked: unknown[] = [];
  const answer =
    <Result>(name: string, result: Result) =>
    (input?: unknown) => {
      asked.push(input === undefined ? [name] : [name, input]);
      return Promise.resolve(result);
    };
  const operations: AdminOperations = {
    createKey: answer('createKey', { ...key, key: 'mmcp_whole' }),
    listKeys: answer('listKeys', [key]),
    setGrant: (input) =>
      answer('setGrant', { ...input, updatedAt: '2026-01-01T00:00:00.000Z' })(input),
    removeGrant: (user, server) => answer('removeGrant', true)([user, server]),
    listGrants: answer('listGrants', []),
    listAudit: answer('listAudit', []),
    updateKey: (id, change) => answer('updateKey', key)([id, change]),
    revokeKey: answer('revokeKey', true),
    approveTools: (server, tool) => answer('approveTools', { approved: ['a'] })([server, tool]),
    setCredential: answer('setCredential', credential),
    listCredentials: answer('listCredentials', [credential]),
    removeCredential: answer('removeCredential', true),
    rotateCredentials: answer('rotateCredentials', {
      ...{ rotated: 1, upToDate: 2, unreadable: [] },
      servers: { rotated: 3, upToDate: 0, unreadable: [] },
    }),
    addServer: answer('addServer', {
      ...{ name: 'notes', kind: 'http', from: 'https://notes.example', enabled: true },
      ...{ replaced: false, url: 'http://127.0.0.1:8080/notes/mcp', warnings: [] },
    }),
    removeServer: answer('removeServer', undefined),
    switchServer: (name, isEnabled) => answer('switchServer', true)([name, isEnabled]),
    mintToken: answer('mintToken', { token: 'a.b.c', expiresAt: '2026-01-01T01:00:00.000Z' }),
    status: answer('status', {
      status: 'healthy' as const,
      version: '0.1.0',
      pid: 4242,
      uptimeSeconds: 3700,
      url: 'http://127.0.0.1:8080',
      store: 'embedded (data/multi-mcp.db)',
      workers: 2,
      servers: [server],
      alerts: [],
    }),
    health: answer('health', { status: 'healthy', checks: {} }),
    listServers: answer('listServers', [server]),
    testServer: answer('testServer', {
      server: 'github',
      ok: true,
      state: 'ready',
      advice: null,
      steps: [{ step: 'initialize', ok: true, durationMs: 12.5, detail: '2025-11-25' }],
    }),
    reload: answer('reload', reloaded),
    restartWorkers: answer('restartWorkers', restarting),
    restartServer: answer('restartServer', true),
    restartState: answer('restartState', restarted),
    logLevel: answer('logLevel', { level: 'info', configured: 'info', resetsAt: null }),
    setLogLevel: answer('setLogLevel', { level: 'debug', configured: 'info', resetsAt: null }),
    listAlerts: answer('listAlerts', { alerts: [], history: [] }),
    testAlerts: answer('testAlerts', [{ sink: 'log', ok: true, durationMs: 0, detail: null }]),
    ...change,
  };
  return { operations, asked };
}
