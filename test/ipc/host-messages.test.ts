import t from 'tap';
import { isHostToPrimary, isPrimaryToHost } from '../../src/ipc/host-messages.js';

const START = {
  type: 'host-start',
  config: {},
  secrets: { masterKey: 'x' },
  socketPath: '/run/h.sock',
  hostIndex: 0,
  childEnvironment: { PATH: '/bin' },
};
const STATUS = {
  name: 'files',
  kind: 'stdio',
  state: 'ready',
  reason: null,
  openCount: 1,
  sessions: 0,
  restarts: 0,
  droppedLines: 0,
};

t.test('every message of the primary is known', (t) => {
  t.ok(isPrimaryToHost(START));
  t.ok(isPrimaryToHost({ type: 'host-drain', timeoutMs: 1 }));
  t.ok(isPrimaryToHost({ type: 'host-reopen-logs' }));
  t.end();
});

t.test('every message of a host is known', (t) => {
  t.ok(isHostToPrimary({ type: 'host-ready', pid: 1, servers: [STATUS] }));
  t.ok(isHostToPrimary({ type: 'host-status', inFlight: 0, droppedLogLines: 0, servers: [] }));
  t.ok(isHostToPrimary({ type: 'host-failed', reason: 'x' }));
  t.end();
});

const notFromPrimary: readonly unknown[] = [
  null,
  'host-start',
  [],
  {},
  { type: 'host-ready' },
  { type: 'host-drain' },
  { ...START, config: null },
  { ...START, secrets: { masterKey: 1 } },
  { ...START, socketPath: undefined },
  { ...START, hostIndex: 0.5 },
  { ...START, childEnvironment: ['PATH'] },
];
for (const message of notFromPrimary) {
  t.test(`${JSON.stringify(message)} is no message of the primary`, (t) => {
    t.notOk(isPrimaryToHost(message));
    t.end();
  });
}

const notFromHost: readonly unknown[] = [
  undefined,
  { type: 'host-drain', timeoutMs: 1 },
  { type: 'host-ready', pid: '1', servers: [] },
  { type: 'host-ready', pid: 1 },
  { type: 'host-status', inFlight: null, servers: [] },
  { type: 'host-failed' },
  ...Object.keys(STATUS).map((key) => ({
    type: 'host-status',
    inFlight: 0,
    servers: [{ ...STATUS, [key]: ['wrong'] }],
  })),
];
for (const message of notFromHost) {
  t.test(`${JSON.stringify(message)} is no message of a host`, (t) => {
    t.notOk(isHostToPrimary(message));
    t.end();
  });
}
