import t from 'tap';
import { attemptEnd } from '../../src/gateway/attempt-end.js';
import { GatewayError, type ErrorCode } from '../../src/kernel/errors.js';

const facts = { latencyClass: 'echo', latencyMs: 5, isListening: false, isPost: true };
const answered = (status: number) =>
  attemptEnd(
    { status, bytes: 0, dispatchedAtMs: 0, upstreamMs: 1, isStream: false, outcome: 'answered' },
    facts,
  );
const failed = (code: ErrorCode, log: Record<string, unknown> = {}) =>
  attemptEnd(new GatewayError(code, { log }), facts);

t.test('what each end says of the server, and of its load', (t) => {
  const rows: readonly (readonly [string, ReturnType<typeof attemptEnd>, string, string])[] = [
    ['200', answered(200), 'success', 'success'],
    ['202', answered(202), 'success', 'success'],
    ['404: it lives', answered(404), 'success', 'ignore'],
    ['429: too much', answered(429), 'success', 'dropped'],
    ['500', answered(500), 'failure', 'ignore'],
    ['503', answered(503), 'failure', 'dropped'],
    ['timeout', failed('GW_UPSTREAM_TIMEOUT'), 'failure', 'dropped'],
    ['reset', failed('GW_UPSTREAM_UNREACHABLE', { sent: true }), 'failure', 'ignore'],
    ['garbage', failed('GW_UPSTREAM_PROTOCOL'), 'failure', 'ignore'],
    ['refused us', failed('GW_UPSTREAM_UNREACHABLE', { upstreamStatus: 401 }), 'ignore', 'ignore'],
    ['redirect', failed('GW_UPSTREAM_PROTOCOL', { upstreamStatus: 302 }), 'ignore', 'ignore'],
    [
      'retried 503',
      failed('GW_UPSTREAM_UNREACHABLE', { upstreamStatus: 503 }),
      'failure',
      'dropped',
    ],
    [
      'retried 429',
      failed('GW_UPSTREAM_UNREACHABLE', { upstreamStatus: 429 }),
      'ignore',
      'dropped',
    ],
    ['HTML', failed('GW_UPSTREAM_PROTOCOL', { upstreamStatus: 502 }), 'failure', 'ignore'],
    ["the host's bound", failed('GW_BULKHEAD_FULL'), 'ignore', 'ignore'],
    [
      'a stream without the answer: it may have been cancelled',
      failed('GW_UPSTREAM_PROTOCOL', { endedUnanswered: true }),
      'ignore',
      'ignore',
    ],
    ['who read too slowly', failed('GW_SLOW_READER'), 'ignore', 'ignore'],
    ['our drain', failed('GW_DRAINING'), 'ignore', 'ignore'],
    ['our fault', failed('GW_INTERNAL'), 'ignore', 'ignore'],
  ];
  for (const [name, end, health, load] of rows) {
    t.match(end, { health, load, latencyClass: 'echo', latencyMs: 5 }, name);
  }
  t.end();
});

t.test('the pause before a process is started again says nothing of the server', (t) => {
  const pause = new GatewayError('GW_UPSTREAM_UNREACHABLE', { retryAfterMs: 200 });
  t.match(attemptEnd(pause, facts), { health: 'ignore', load: 'ignore' });
  t.end();
});

t.test('a client that left says nothing, whatever had been answered', (t) => {
  const end = attemptEnd(
    {
      status: 500,
      bytes: 0,
      dispatchedAtMs: 0,
      upstreamMs: 1,
      isStream: false,
      outcome: 'client-closed',
    },
    facts,
  );
  t.match(end, { health: 'ignore', load: 'ignore' });
  t.end();
});

t.test("a fault told inside a stream counts; a listening stream's length is no latency", (t) => {
  const result = {
    status: 200,
    bytes: 9,
    dispatchedAtMs: 0,
    upstreamMs: 1,
    isStream: true,
  } as const;
  const broken = new GatewayError('GW_UPSTREAM_UNREACHABLE', { log: { sent: true } });
  t.match(attemptEnd({ ...result, outcome: broken }, facts), { health: 'failure' });
  const listening = attemptEnd({ ...result, outcome: 'answered' }, { ...facts, isListening: true });
  t.match(listening, { health: 'success', load: 'ignore' });
  t.end();
});

t.test('silence to who only listens is no fault, a connection that breaks is one', (t) => {
  const listening = { ...facts, isListening: true };
  const silent = new GatewayError('GW_UPSTREAM_TIMEOUT');
  const stream = { status: 200, bytes: 9, dispatchedAtMs: 0, upstreamMs: 1, isStream: true };
  t.match(attemptEnd(silent, listening), { health: 'ignore', load: 'ignore' });
  t.match(attemptEnd({ ...stream, outcome: silent }, listening), {
    health: 'ignore',
    load: 'ignore',
  });
  const broken = new GatewayError('GW_UPSTREAM_UNREACHABLE', { log: { sent: true } });
  t.match(attemptEnd({ ...stream, outcome: broken }, listening), { health: 'failure' });
  t.end();
});

t.test('a page in answer to GET or DELETE says nothing, in answer to a message much', (t) => {
  const page = new GatewayError('GW_UPSTREAM_PROTOCOL', { log: { upstreamStatus: 200 } });
  const failing = new GatewayError('GW_UPSTREAM_PROTOCOL', { log: { upstreamStatus: 502 } });
  t.match(attemptEnd(page, { ...facts, isPost: false }), { health: 'ignore', load: 'ignore' });
  t.match(attemptEnd(failing, { ...facts, isPost: false }), { health: 'failure' });
  t.match(attemptEnd(page, facts), { health: 'failure' });
  t.end();
});
