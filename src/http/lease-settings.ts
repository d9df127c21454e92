/** What of the configuration the worker's leases go by. */
import type { Config } from '../../config/config.js';
import type { Quota, Quotas } from '../gateway/rate-limit-headers.js';
import type { LeaseSettings } from '../gateway/worker-leases.js';
import type { ServedServers } from './served-servers.js';

export function leaseSettings(config: Config, servers: ServedServers): LeaseSettings {
  return {
    servers: [...servers.all.keys()],
    quotas: quotasOf(config),
    queueTimeoutMs: config.limits.queueTimeoutMs,
  };
}

/** What the rate limits of the configuration promise to callers. */
function quotasOf({ rate, servers }: Config): Quotas {
  const perSecond = (requests: number | null) =>
    requests === null ? null : { requests, windowSeconds: 1 };
  const ofServers = new Map<string, Quota>();
  for (const { name, enabled, rateLimit } of Object.values(servers)) {
    const quota =
      rateLimit === null
        ? perSecond(rate.perServerPerSecond)
        : { requests: rateLimit.requestsPerMinute, windowSeconds: 60 };
    if (enabled && quota !== null) ofServers.set(name, quota);
  }
  return {
    gateway: perSecond(rate.gatewayTokensPerSecond),
    user: perSecond(rate.perUserPerSecond),
    servers: ofServers,
  };
}
