import t from 'tap';
import { RateLimitHeaders } from '../../src/gateway/rate-limit-headers.js';
import type { CallRate, RateKind } from '../../src/gateway/rate-shares.js';
import { LeaseShare } from '../../src/policy/lease-share.js';

const rate = (kind: RateKind, left: number): CallRate => {
  const share = new LeaseShare();
  share.granted(0, 0, left);
  return { kind, share, key: kind };
};

const headers = () =>
  new RateLimitHeaders({
    gateway: null,
    user: { requests: 10, windowSeconds: 1 },
    servers: new Map([['s', { requests: 6, windowSeconds: 60 }]]),
  });

t.test('each limit is announced with what is left and when there is more', (t) => {
  const rates = [rate('user', 4), rate('server', 3)];
  t.same(headers().of('s', rates), {
    'ratelimit-policy': '"user";q=10;w=1, "server";q=6;w=60',
    ratelimit: '"user";r=4;t=1, "server";r=3;t=10',
  });
  t.equal(headers().of('s', []), undefined, 'no limit, no header');
  t.end();
});

t.test('the one that refused says so, and how long to wait, never too short', (t) => {
  const rates = [rate('user', 4), rate('server', 3)];
  const limited = { rate: rates[1] ?? rate('server', 0), waitMs: 2001 };
  t.equal(headers().of('s', rates, limited)?.['ratelimit'], '"user";r=4;t=1, "server";r=0;t=3');
  t.end();
});

t.test('what is announced is what holds now', (t) => {
  const all = headers();
  const rates = [rate('user', 4)];
  all.of('s', rates);
  all.setScale(0.25);
  t.equal(all.of('s', rates)?.['ratelimit-policy'], '"user";q=2;w=1');
  all.setScale(0.01);
  t.equal(all.of('s', rates)?.['ratelimit-policy'], '"user";q=1;w=1', 'never nothing');
  t.end();
});
