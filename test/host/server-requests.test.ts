import t from 'tap';
import { ServerRequests } from '../../src/host/server-requests.js';
import { SessionStream } from '../../src/host/session-stream.js';

const stream = (): SessionStream =>
  new SessionStream({ number: 1, store: { maxEvents: 1, maxBytes: 1 }, nowMs: 0 });

t.test('a question is over once, wherever it was asked', (t) => {
  const requests = new ServerRequests();
  const asked = stream();
  requests.asked(1, asked);
  requests.asked('1', asked);
  t.equal(asked.awaitedAnswers, 2);
  t.equal(requests.over(1), asked);
  t.equal(requests.over(1), undefined);
  t.equal(asked.awaitedAnswers, 1);
  t.end();
});

t.test('an id that the server uses again is the newer question', (t) => {
  const requests = new ServerRequests();
  const [older, newer] = [stream(), stream()];
  requests.asked(1, older);
  requests.asked(1, newer);
  t.equal(older.awaitedAnswers, 0);
  t.equal(requests.over(1), newer);
  t.end();
});

t.test('a server that asks without end is remembered in part only', (t) => {
  const requests = new ServerRequests();
  const asked = stream();
  for (let id = 0; id < 3000; id += 1) requests.asked(id, asked);
  t.equal(asked.awaitedAnswers, 1000);
  t.equal(requests.over(0), undefined);
  t.equal(requests.over(2999), asked);
  t.end();
});
