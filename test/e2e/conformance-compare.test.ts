/** The comparison that decides the conformance run: what it calls a difference, and what not. */
import t from 'tap';
import { compare } from '../support/conformance/compare.js';
import type { Check, SuiteResult } from '../support/conformance/suite.js';

const check = (id: string, status: Check['status'] = 'SUCCESS'): Check => ({ id, status });
const results = (scenario: string, ...checks: Check[]): SuiteResult =>
  new Map([[scenario, checks]]);
const differing = (direct: SuiteResult, through: Partial<Record<'http' | 'stdio', SuiteResult>>) =>
  compare('2025-11-25', { direct, ...through }).differences.map(
    ({ scenario, way }) => `${scenario} over ${way}`,
  );

t.test('the same checks with the same verdicts are no difference, in any order', (t) => {
  const direct = results('ping', check('a'), check('b', 'FAILURE'), check('log', 'INFO'));
  const http = results('ping', check('b', 'FAILURE'), check('a'));
  t.strictSame(differing(direct, { http }), []);
  t.end();
});

t.test('a lost check, another verdict, one check more and a lost scenario are', (t) => {
  const direct = results('ping', check('a'), check('b'));
  for (const http of [
    results('ping', check('a')),
    results('ping', check('a'), check('b', 'FAILURE')),
    results('ping', check('a'), check('b'), check('b')),
  ]) {
    t.strictSame(differing(direct, { http }), ['ping over http']);
  }
  t.strictSame(differing(direct, { http: results('pong', check('a')) }), [
    'ping over http',
    'pong over http',
  ]);
  t.end();
});

t.test('passing what the server itself fails is a difference too', (t) => {
  const direct = results('ping', check('a', 'FAILURE'));
  t.strictSame(differing(direct, { http: results('ping', check('a')) }), ['ping over http']);
  t.end();
});

t.test('only the resumed poll over stdio is excepted', (t) => {
  const resumed = check('server-sse-disconnect-resume');
  const direct = results('server-sse-polling', check('server-sse-priming-event'), resumed);
  const worse = results('server-sse-polling', check('server-sse-priming-event'));
  t.strictSame(differing(direct, { stdio: worse }), []);
  t.strictSame(differing(direct, { http: worse }), ['server-sse-polling over http']);
  const worst = results('server-sse-polling', check('server-sse-priming-event', 'WARNING'));
  t.strictSame(differing(direct, { stdio: worst }), ['server-sse-polling over stdio']);
  t.strictSame(differing(direct, { stdio: results('server-sse-polling', resumed) }), [
    'server-sse-polling over stdio',
  ]);
  t.end();
});

t.test('the table names every scenario, way and total', (t) => {
  const direct = results('ping', check('a'), check('b', 'WARNING'));
  const { table } = compare('2025-11-25', { direct, http: results('ping', check('a')) });
  t.match(table, /2025-11-25 +direct +http/);
  t.match(table, /ping +1, 1 warned +1 DIFFERS/);
  t.match(table, /total +1, 1 warned +1/);
  t.end();
});
