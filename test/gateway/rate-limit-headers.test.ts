import t from 'tap';
import type { CallRate } from '../../src/gateway/call-rate.js';
import { RateLimitHeaders } from '../../src/gateway/rate-limit-headers.js';

import type { RateKind } from '../../src/ipc/admission-messages.js';
import { LeaseShare } from '../../src/policy/lease-share.js';

const rate = (kind: RateKind, left: number): CallRate => {
  const share = new LeaseShare();
  share.granted(0, 0, left);
  return { kind, share, key: kind, perSecond: null };
};

const headers = () =>
  new RateLimitHeaders({
    gateway: null,
    user: { requests: 10, windowSeconds: 1 },
    servers: new Map([['s', { requests: 6, windowSeconds: 60 }]]),
  });

const admitted = (all: RateLimitHeaders, rates: readonly CallRate[]) => {
  const reply: Record<string, string> = {};
  all.addTo(reply, 's', rates);
  return reply;
};

t.test('each limit is announced with what is left and when there is more', (t) => {
  const all = headers();
  const rates = [rate('user', 4), rate('server', 3)];
  t.same(admitted(all, rates), {
    'ratelimit-policy': '"user";q=10;w=1, "server";q=6;w=60',
    ratelimit: '"user";r=4;t=1, "server";r=3;t=10',
  });
  rates[0]?.share.granted(0, 1, 8);
  t.equal(admitted(all, rates)['ratelimit'], '"user";r=9;t=1, "server";r=3;t=10');
  t.same(admitted(all, []), {}, 'no limit, no header');
  t.end();
});

t.test('the one that refused says so, and how long to wait, never too short', (t) => {
  const rates = [rate('user', 4), rate('server', 3)];
  const limited = { rate: rates[1] ?? rate('server', 0), waitMs: 2001 };
  const reply = headers().ofRefusal('s', rates, limited);
  t.equal(reply['ratelimit'], '"user";r=4;t=1, "server";r=0;t=3');
  t.equal(reply['ratelimit-policy'], '"user";q=10;w=1, "server";q=6;w=60');
  t.end();
});

t.test('rates of keys and grants are announced as they are', (t) => {
  const all = headers();
  const own = (kind: RateKind, perSecond: number) => ({ ...rate(kind, 1), perSecond });
  const policyOf = (...rates: CallRate[]) => admitted(all, rates)['ratelimit-policy'];
  t.equal(policyOf(own('key', 3), own('grant', 4)), '"key";q=3;w=1, "grant";q=4;w=1');
  t.equal(policyOf(own('grant', 3), own('key', 4)), '"grant";q=3;w=1, "key";q=4;w=1');
  t.equal(policyOf(own('grant', 4)), '"grant";q=4;w=1');
  t.end();
});

t.test('what is announced is what holds now', (t) => {
  const all = headers();
  const rates = [rate('user', 4)];
  admitted(all, rates);
  all.setScale(0.25);
  t.equal(admitted(all, rates)['ratelimit-policy'], '"user";q=2;w=1');
  all.setScale(0.01);
  t.equal(admitted(all, rates)['ratelimit-policy'], '"user";q=1;w=1', 'never nothing');
  t.end();
});

t.test('counts far from 0 are rounded down, so that replies can share a text', (t) => {
  const all = headers();
  const shown = (left: number) => admitted(all, [rate('user', left)])['ratelimit'];
  t.equal(shown(99), '"user";r=99;t=1');
  t.equal(shown(100), '"user";r=100;t=1');
  t.equal(shown(119), '"user";r=110;t=1');
  t.equal(shown(89_999), '"user";r=89000;t=1');
  t.equal(shown(0), '"user";r=0;t=1');
  t.equal(shown(119), '"user";r=110;t=1', 'whatever was shown before');
  t.end();
});
