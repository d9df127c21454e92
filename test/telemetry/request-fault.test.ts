import t from 'tap';
import { isFault } from '../../src/telemetry/request-fault.js';

t.test('a fault is told by the status, or by the reason where a stream had begun', (t) => {
  const rows: readonly (readonly [string, string, string, boolean])[] = [
    ['tools/call', '502', 'GW_UPSTREAM_UNREACHABLE', true],
    ['tools/call', '500', 'ok', true],
    ['tools/call', '200', 'GW_UPSTREAM_TIMEOUT', true],
    ['tools/call', '200', 'ok', false],
    ['tools/call', '503', 'GW_SHED', false],
    ['tools/call', '200', 'GW_SLOW_READER', false],
    ['GET', '200', 'GW_UPSTREAM_TIMEOUT', false],
    ['GET', '504', 'GW_UPSTREAM_TIMEOUT', true],
    ['subscriptions/listen', '200', 'GW_UPSTREAM_UNREACHABLE', false],
  ];
  for (const [method, status, reason, expected] of rows) {
    t.equal(isFault(method, status, reason), expected, `${method} ${status} ${reason}`);
  }
  t.end();
});
