/**
 * What the configuration and this machine's shares come to as budgets of the ledgers: slots of calls, of
 * streams, of each server.
 */
import type { Config } from '../../config/config.js';
import type { LeaseLedgerOptions } from '../policy/lease-ledger.js';
import {
  accountSlots,
  partOf,
  serverSlots,
  shareOf,
  TOTAL_SLOTS,
  type LimitShares,
} from '../policy/limit-shares.js';
import { defaultShedEarly } from '../policy/shed-early.js';

/**
 * Streams are not queued, but one that another worker has just given up comes back within this time.
 */
const STREAM_WAIT_MS = 400;
/** How long a queue may stand before newcomers are refused early, as a share of queueTimeout. */
const BACKLOG_SHARE = 1 / 40;
const USUAL_QUEUE = 1000;

/** Of those that are enabled; `shares` null: as configured. */
export function serverLimits(
  { limits, servers }: Pick<Config, 'limits' | 'servers'>,
  shares: LimitShares,
): ReadonlyMap<string, number> {
  const enabled = Object.values(servers).filter((server) => server.enabled);
  return new Map(
    enabled.map(({ name, connectionPool }) => [
      name,
      shareOf(
        connectionPool.maxConnections ?? limits.maxConnectionsPerServer,
        partOf(shares, serverSlots(name)),
      ),
    ]),
  );
}

export function callBudgets(
  { limits, servers }: Pick<Config, 'limits' | 'servers'>,
  shares: LimitShares,
): LeaseLedgerOptions {
  return {
    maxTotal: shareOf(limits.maxTotalConnections, partOf(shares, TOTAL_SLOTS)),
    maxPerUser: limits.maxConcurrentRequestsPerUser,
    ...(shares !== null && { userPart: (name: string) => partOf(shares, accountSlots(name)) }),
    maxQueued: limits.queueMaxSize,
    maxQueuedPerUser: limits.queueMaxPerUser,
    queueTimeoutMs: limits.queueTimeoutMs,
    // Servers in the upstream host are reached over the one channel that each worker has to it.
    keepsConnections: (server) => servers[server]?.source.kind === 'http',
    shedEarly: {
      ...defaultShedEarly,
      // A longer queue, or more patience, is meant for longer bursts.
      minIntervalMs: Math.max(
        defaultShedEarly.minIntervalMs,
        limits.queueTimeoutMs * BACKLOG_SHARE * Math.max(1, limits.queueMaxSize / USUAL_QUEUE),
      ),
    },
  };
}

export function streamBudgets({ http }: Pick<Config, 'http'>): LeaseLedgerOptions {
  return {
    maxTotal: http.maxStreams,
    maxPerUser: http.maxStreamsPerUser,
    maxQueued: http.maxStreams,
    maxQueuedPerUser: http.maxStreamsPerUser,
    queueTimeoutMs: STREAM_WAIT_MS,
    // A stream's connection ends with the stream.
    keepsConnections: () => false,
  };
}

export function byLatency({ servers }: Pick<Config, 'servers'>): ReadonlySet<string> {
  const chosen = Object.values(servers).filter(
    ({ connectionPool }) => connectionPool.adaptiveLimit === 'gradient2',
  );
  return new Set(chosen.map(({ name }) => name));
}
