import t from 'tap';
import { newRate } from '../../src/gateway/call-rate.js';
import { ChunkAsks } from '../../src/gateway/chunk-asks.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';

function asking() {
  const sent: WorkerEvent[] = [];
  let scheduled = 0;
  const asks = new ChunkAsks({
    send: (event) => sent.push(event),
    schedule: () => {
      scheduled += 1;
    },
  });
  return { asks, sent, scheduled: () => scheduled };
}

t.test('a burst asks once, and each chunk brings the calls on', async (t) => {
  const { asks, sent, scheduled } = asking();
  const [user, server] = [newRate('user', 'ana'), newRate('server', 's')];
  const both = [asks.spendLater([user, server], 0, 0), asks.spendLater([user, server], 0, 0)];
  t.ok(scheduled() > 0);
  asks.beforeSend(0);
  asks.beforeSend(0);
  t.match(sent, [
    { limit: 'user:ana', request: { needed: 2 } },
    { limit: 'server:s', request: { needed: 0 } },
  ]);
  server.share.granted(1, 1, 0);
  asks.answered('server:s', 1);
  user.share.granted(2, 2, 0);
  asks.answered('user:ana', 2);
  t.equal(await both[0], 'spent');
  t.ok(asks.isAsking('server:s'), 'the second call lacks one of the server only');
  asks.beforeSend(3);
  server.share.denied(4, 500);
  asks.answered('server:s', 4);
  t.match(await both[1], { rate: { key: 'server:s' }, waitMs: 500 });
  t.equal(user.share.spend(5), 0, 'and what it had spent is there again');
});

t.test('an ask that nobody answers ends after a second', async (t) => {
  const { asks } = asking();
  const rate = newRate('gateway', '');
  const waiting = asks.spendLater([rate], 0, 0);
  asks.sweep(5000);
  t.ok(asks.isAsking('gateway'), 'not while it was not sent');
  asks.beforeSend(5000);
  asks.sweep(5999);
  t.ok(asks.isAsking('gateway'));
  asks.sweep(6000);
  t.match(await waiting, { rate: { key: 'gateway' }, waitMs: 1000 });
});

t.test('an ask for a rate that was changed meanwhile tells the new one', (t) => {
  const { asks, sent } = asking();
  const rate = newRate('key', 'k', 3);
  void asks.spendLater([rate], 0, 0);
  asks.replace(rate.key, newRate('key', 'k', 7, rate.share));
  asks.replace('key:other', rate);
  asks.beforeSend(0);
  t.match(sent, [{ limit: 'key:k', perSecond: 7 }]);
  t.end();
});
