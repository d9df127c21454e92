import t from 'tap';
import { sharedLimits } from '../../src/primary/shared-limits.js';

const server = (name: string, more: object = {}) => ({
  name,
  enabled: true,
  rateLimit: null,
  connectionPool: { maxConnections: null },
  ...more,
});

t.test('every limit of traffic is shared, those of memory are not', (t) => {
  const config = {
    limits: { maxTotalConnections: 500, maxConnectionsPerServer: 50, queueMaxSize: 1000 },
    rate: { gatewayTokensPerSecond: 100, perUserPerSecond: 10, perServerPerSecond: 40 },
    servers: {
      common: server('common'),
      own: server('own', {
        rateLimit: { requestsPerMinute: 600, burstSize: 5 },
        connectionPool: { maxConnections: 7 },
      }),
      off: server('off', { enabled: false }),
    },
  } as unknown as Parameters<typeof sharedLimits>[0];
  t.strictSame(Object.fromEntries(sharedLimits(config)), {
    total: { units: 500, perSecond: null },
    users: { units: 5040, perSecond: null },
    'rate:users': { units: 5040, perSecond: null },
    'rate:gateway': { units: 5040, perSecond: 100 },
    'server:common': { units: 50, perSecond: null },
    'rate:server:common': { units: 40, perSecond: 40 },
    'server:own': { units: 7, perSecond: null },
    'rate:server:own': { units: 5040, perSecond: 10 },
  });
  const rate = { gatewayTokensPerSecond: null, perUserPerSecond: null, perServerPerSecond: null };
  const without = sharedLimits({ ...config, rate } as unknown as typeof config);
  t.equal(without.has('rate:gateway'), false);
  t.equal(without.has('rate:server:common'), false);
  t.equal(without.has('rate:users'), true, 'keys may have rates of their own');
  t.end();
});
