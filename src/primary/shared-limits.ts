/** The limits of the configuration that machines divide: their names, and how finely each can be. */
import type { Config } from '../../config/config.js';
import {
  accountOfSlots,
  FINE_UNITS,
  GATEWAY_RATE,
  serverRate,
  serverSlots,
  TOTAL_SLOTS,
  USER_RATES,
  USER_SLOTS,
} from '../policy/limit-shares.js';

export interface SharedLimit {
  /** Smallest steps of a share: calls, or fine parts where any part of it is something. */
  readonly units: number;
  /** Of rates of the gateway and of servers, by which what they are used for is measured. */
  readonly perSecond: number | null;
}

export type SharedConfig = Pick<Config, 'limits' | 'rate' | 'servers'>;

export function sharedLimits({
  limits,
  rate,
  servers,
}: SharedConfig): ReadonlyMap<string, SharedLimit> {
  const shared = new Map<string, SharedLimit>();
  const slots = (key: string, units: number): void => {
    shared.set(key, { units, perSecond: null });
  };
  slots(TOTAL_SLOTS, limits.maxTotalConnections);
  // Many limits in one: each user's, each key's.
  slots(USER_SLOTS, FINE_UNITS);
  slots(USER_RATES, FINE_UNITS);
  const { gatewayTokensPerSecond, perServerPerSecond } = rate;
  if (gatewayTokensPerSecond !== null) {
    shared.set(GATEWAY_RATE, { units: FINE_UNITS, perSecond: gatewayTokensPerSecond });
  }
  for (const { name, enabled, connectionPool, rateLimit } of Object.values(servers)) {
    if (!enabled) continue;
    slots(serverSlots(name), connectionPool.maxConnections ?? limits.maxConnectionsPerServer);
    if (rateLimit !== null) {
      const perSecond = rateLimit.requestsPerMinute / 60;
      shared.set(serverRate(name), { units: FINE_UNITS, perSecond });
    } else if (perServerPerSecond !== null) {
      shared.set(serverRate(name), { units: perServerPerSecond, perSecond: perServerPerSecond });
    }
  }
  return shared;
}

/** Of an account that another machine names: the common limit of users, unless it has one of its own. */
export function unitsOfAccount(key: string, { limits, rate }: SharedConfig): number {
  if (accountOfSlots(key) !== null) return limits.maxConcurrentRequestsPerUser;
  return rate.perUserPerSecond ?? FINE_UNITS;
}
