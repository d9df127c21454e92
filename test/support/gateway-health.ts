/** What tests read of the gateway's own account of itself, from `/health` over loopback. */
import type { Gateway } from './start-gateway.js';
import { until } from './until.js';

export interface HealthChild {
  readonly pid: number | null;
  readonly state: string;
  readonly restarts: number;
}

export interface Health {
  readonly status: string;
  readonly connectionPool: { readonly inFlight: number; readonly listening: number };
  readonly workers: readonly HealthChild[];
  readonly upstreamHosts: readonly (HealthChild & { readonly inFlight: number })[];
}

export async function health(gateway: Gateway): Promise<Health> {
  return (await gateway.json('/health')) as unknown as Health;
}

/** Workers report once a second: a count from before the last report does not pass for the present one. */
export async function untilIdle(gateway: Gateway, timeoutMs = 15_000): Promise<void> {
  await until(
    async () => {
      const { connectionPool, upstreamHosts } = await health(gateway);
      return connectionPool.inFlight === 0 && upstreamHosts.every(({ inFlight }) => inFlight === 0);
    },
    { timeoutMs, everyMs: 100, what: 'nothing in flight' },
  );
}

/** Pids of those that serve now. */
export function pids(children: readonly HealthChild[]): number[] {
  return children.flatMap(({ pid, state }) => (pid !== null && state === 'running' ? [pid] : []));
}
