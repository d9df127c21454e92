import t from 'tap';
import { defaultLeaseShare, LeaseShare, NEEDS_CHUNK } from '../../src/policy/lease-share.js';

t.test('spends its chunk with no message, then asks', (t) => {
  const share = new LeaseShare();
  t.equal(share.spend(0), NEEDS_CHUNK);
  t.same(share.ask(0, 1), { needed: 1, wanted: 8 });
  t.equal(share.ask(0, 2), undefined, 'one ask at a time');
  share.granted(1, 3, 20);
  t.equal(share.remaining, 23);
  t.same([share.spend(1), share.spend(2), share.spend(3)], [0, 0, 0]);
  t.equal(share.spend(4), NEEDS_CHUNK);
  t.equal(share.remaining, 20);
  t.end();
});

t.test('asks for what lasts a tenth of a second at its recent pace', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.granted(0, 500, 0);
  for (let call = 0; call < 200; call += 1) share.spend(call);
  t.same(share.ask(400, 1), { needed: 1, wanted: 50 }, '200 in 400 ms');
  share.granted(400, 1, 0);
  t.same(share.ask(500, 9), { needed: 9, wanted: 9 }, 'but never less than it needs');
  t.end();
});

t.test('never asks for more than the largest chunk, unless it needs it', (t) => {
  const share = new LeaseShare({ ...defaultLeaseShare, maxChunk: 10 });
  share.ask(0, 1);
  share.granted(0, 500, 0);
  for (let call = 0; call < 200; call += 1) share.spend(call);
  t.same(share.ask(200, 0), { needed: 0, wanted: 10 });
  t.end();
});

t.test('after a denial refuses by itself until the time named', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.denied(10, 500);
  t.equal(share.spend(10), 500);
  t.equal(share.spend(509.5), 1);
  t.equal(share.spend(510), NEEDS_CHUNK);
  t.notOk(share.isIdle(10));
  t.ok(share.isIdle(510));
  t.equal(share.remaining, 0);
  t.end();
});

t.test('a chunk ends a denial, and a denial ends stocking up', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.granted(0, 8, 5);
  for (let call = 0; call < 7; call += 1) share.spend(0);
  t.ok(share.isLow(0));
  share.ask(0, 0);
  share.denied(0, 500);
  t.equal(share.remaining, 1, 'nothing is left at the primary');
  t.notOk(share.isLow(0));
  t.equal(share.spend(1), 0, 'what it has it may spend');
  t.equal(share.spend(1), 499);
  share.ask(1, 1);
  share.granted(2, 1, 0);
  t.equal(share.spend(2), 0);
  t.equal(share.spend(2), NEEDS_CHUNK);
  t.end();
});

t.test('reports what it spent and how long ago, once', (t) => {
  const share = new LeaseShare();
  share.ask(0, 2);
  share.granted(0, 2, 0);
  share.spend(10);
  share.spend(25);
  t.notOk(share.isIdle(50));
  t.same(share.sweep(50), { spent: 2, returned: 0, spentAgeMs: 25, answersRecall: false });
  t.equal(share.sweep(100), undefined);
  t.ok(share.isIdle(100));
  t.end();
});

t.test('returns what it did not need for a second', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.granted(0, 10, 0);
  t.equal(share.sweep(50), undefined, 'just arrived');
  share.spend(60);
  share.spend(70);
  t.same(share.sweep(100), { spent: 2, returned: 0, spentAgeMs: 30, answersRecall: false });
  t.equal(share.sweep(1049), undefined);
  share.spend(1049);
  t.same(share.sweep(1050), { spent: 1, returned: 7, spentAgeMs: 1, answersRecall: false });
  t.equal(share.spend(1051), NEEDS_CHUNK);
  t.end();
});

t.test('far from its limit it asks for more at once and reports more rarely', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.granted(0, 100, 400);
  for (let call = 0; call < 80; call += 1) share.spend(call);
  t.same(share.sweep(80), { spent: 80, returned: 0, spentAgeMs: 1, answersRecall: false });
  share.spend(81);
  t.equal(share.sweep(329), undefined);
  t.match(share.sweep(330), { spent: 1, spentAgeMs: 249 });
  t.same(share.ask(330, 0), { needed: 0, wanted: 99 }, '81 in 330 ms, for 400 ms');
  share.granted(330, 99, 395);
  share.spend(331);
  t.match(share.sweep(380), { spent: 1 }, 'nearer it reports every time');
  t.end();
});

t.test('others may be asked for along with a share that runs low', (t) => {
  const share = new LeaseShare();
  t.ok(share.isUnstocked(0));
  t.notOk(share.isHalfSpent(0));
  share.ask(0, 1);
  t.notOk(share.isUnstocked(0), 'it has asked');
  share.granted(0, 8, 5);
  for (let call = 0; call < 4; call += 1) share.spend(call);
  t.notOk(share.isHalfSpent(4));
  share.spend(4);
  t.ok(share.isHalfSpent(4));
  t.notOk(share.isLow(4));
  for (let call = 0; call < 3; call += 1) share.spend(5);
  t.ok(share.isUnstocked(5));
  share.denied(5, 100);
  t.notOk(share.isUnstocked(104), 'it knows that there is nothing');
  t.ok(share.isUnstocked(105));
  t.end();
});

t.test('on a recall gives back everything, and answers even when it has nothing', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.granted(0, 5, 0);
  share.spend(1);
  t.same(share.recall(3), { spent: 1, returned: 4, spentAgeMs: 2, answersRecall: true });
  t.same(share.recall(4), { spent: 0, returned: 0, spentAgeMs: 0, answersRecall: true });
  t.equal(share.spend(4), NEEDS_CHUNK);
  t.end();
});

t.test('takes back a spending that another limit made vain, unless it was reported', (t) => {
  const share = new LeaseShare();
  share.ask(0, 1);
  share.granted(0, 2, 0);
  share.spend(0);
  share.refund(0);
  t.equal(share.spend(1), 0);
  share.sweep(2);
  t.equal(share.spend(3), 0);
  share.refund(1);
  t.equal(share.spend(4), NEEDS_CHUNK, 'the one of 3 is not taken back in its stead');
  share.refund(3);
  share.refund(3);
  t.same([share.spend(4), share.spend(4)], [0, NEEDS_CHUNK], 'no more than were spent');
  t.end();
});

t.test('stocks up before it runs dry, and pauses when there is nothing in advance', (t) => {
  const share = new LeaseShare();
  t.notOk(share.isLow(0), 'an unused share wants nothing');
  share.ask(0, 1);
  share.granted(0, 8, 1);
  for (let call = 0; call < 6; call += 1) share.spend(call);
  t.notOk(share.isLow(6), 'a quarter is left');
  share.spend(6);
  t.ok(share.isLow(6));
  t.ok(share.ask(6, 0));
  t.notOk(share.isLow(6), 'it has asked');
  share.granted(7, 0, 0);
  share.spend(8);
  t.notOk(share.isLow(8));
  share.ask(9, 1);
  share.granted(9, 8, 1);
  for (let call = 0; call < 7; call += 1) share.spend(10);
  t.notOk(share.isLow(106), 'not yet');
  t.ok(share.isLow(107));
  share.ask(107, 0);
  share.granted(107, 8, 0);
  for (let call = 0; call < 9; call += 1) share.spend(300);
  t.notOk(share.isLow(300), 'nothing was left to ask for');
  t.end();
});
