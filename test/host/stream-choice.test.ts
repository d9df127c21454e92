import t from 'tap';
import { FakeHostExchange } from '../support/fake-host-exchange.js';
import { ExchangeReply } from '../../src/host/exchange-reply.js';
import { Heartbeats } from '../../src/host/heartbeats.js';
import { SessionStream } from '../../src/host/session-stream.js';
import { chooseStream } from '../../src/host/stream-choice.js';

function stream(number: number, isAttached = false): SessionStream {
  const made = new SessionStream({ number, store: { maxEvents: 1, maxBytes: 1 }, nowMs: 0 });
  if (isAttached) {
    const limits = { maxPendingBytes: 1, now: () => 0, heartbeats: new Heartbeats(1) };
    made.attach(new ExchangeReply(new FakeHostExchange(), limits), [], false);
  }
  return made;
}

const LOG = 'notifications/message';
const CHANGE = 'notifications/tools/list_changed';

t.test('the table of who gets what the server begins', (t) => {
  const [a, b] = [stream(1), stream(2)];
  const [deaf, listening] = [stream(0), stream(0, true)];
  const rows: readonly (readonly [
    SessionStream | undefined,
    string,
    SessionStream[],
    SessionStream,
    SessionStream,
  ])[] = [
    // named, method, in flight, standing → chosen
    [b, LOG, [a, b], listening, b],
    [b, CHANGE, [a, b], listening, b],
    [undefined, LOG, [a], listening, a],
    [undefined, LOG, [a], deaf, a],
    [undefined, CHANGE, [a], listening, listening],
    [undefined, CHANGE, [a], deaf, a],
    [undefined, LOG, [a, b], listening, listening],
    [undefined, LOG, [a, b], deaf, a],
    [undefined, LOG, [], listening, listening],
    [undefined, LOG, [], deaf, deaf],
  ];
  for (const [named, method, inFlight, standing, chosen] of rows) {
    const got = chooseStream({ named, method, inFlight, inFlightCount: inFlight.length, standing });
    t.equal(got, chosen);
  }
  t.end();
});
