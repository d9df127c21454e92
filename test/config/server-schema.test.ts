import t from 'tap';
import { clientEntry, serverEntry } from '../../config/server-schema.js';

void t.test('an empty entry is an enabled server with default deadlines', (t) => {
  t.match(serverEntry.parse({}), {
    enabled: true,
    era: 'auto',
    connectionPool: { requestTimeout: 30_000 },
    tools: { deny: [] },
  });
  t.end();
});

void t.test('our own entries are strict, those of clients are not', (t) => {
  t.notOk(serverEntry.safeParse({ alwaysAllow: [] }).success);
  t.ok(clientEntry.safeParse({ alwaysAllow: [] }).success);
  t.notOk(clientEntry.safeParse({ connectionPool: { zebra: 1 } }).success, 'but our groups are');
  t.end();
});

void t.test('a rate limit needs both its numbers', (t) => {
  t.notOk(serverEntry.safeParse({ rateLimit: { requestsPerMinute: 5 } }).success);
  t.ok(serverEntry.safeParse({ rateLimit: { requestsPerMinute: 5, burstSize: 1 } }).success);
  t.end();
});
