import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { SessionTable } from '../../src/host/session-table.js';

interface Session {
  readonly id: string;
  readonly user: string;
}

const open = (limits = { maxSessions: 1000, maxSessionsPerUser: 1000 }): SessionTable<Session> =>
  new SessionTable<Session>('h7', limits);
const add = (table: SessionTable<Session>, user: string): Session =>
  table.add(user, (id) => ({ id, user }));
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'none';
  } catch (thrown) {
    return thrown instanceof GatewayError ? thrown.code : String(thrown);
  }
};

t.test('ids name the host, are visible ASCII and are never alike', (t) => {
  const table = open();
  const ids = Array.from({ length: 1000 }, () => add(table, 'ada').id);
  t.equal(new Set(ids).size, 1000);
  // 32 characters of base64url are 192 bits.
  for (const id of ids) t.match(id, /^h7\.[A-Za-z0-9_-]{32}$/);
  t.end();
});

t.test('a session is found by its own user only', (t) => {
  const table = open();
  const session = add(table, 'ada');
  t.equal(table.find(session.id, 'ada'), session);
  t.equal(
    codeOf(() => table.find(session.id, 'bob')),
    'GW_SESSION_UNKNOWN',
  );
  t.equal(
    codeOf(() => table.find('h7.none', 'ada')),
    'GW_SESSION_UNKNOWN',
  );
  t.equal(
    codeOf(() => table.find('__proto__', 'ada')),
    'GW_SESSION_UNKNOWN',
  );
  t.equal(
    codeOf(() => table.find(undefined, 'ada')),
    'GW_SESSION_REQUIRED',
  );
  t.end();
});

t.test('the caps hold, and each session gives its place back once', (t) => {
  const table = open({ maxSessions: 3, maxSessionsPerUser: 2 });
  const first = add(table, 'ada');
  add(table, 'ada');
  t.equal(
    codeOf(() => add(table, 'ada')),
    'GW_USER_BUSY',
  );
  add(table, 'bob');
  t.equal(
    codeOf(() => add(table, 'bob')),
    'GW_BULKHEAD_FULL',
  );
  table.delete(first.id);
  table.delete(first.id);
  t.equal(table.size, 2);
  add(table, 'ada');
  t.equal(
    codeOf(() => add(table, 'ada')),
    'GW_USER_BUSY',
  );
  t.end();
});
