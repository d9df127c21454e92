/** What the settings are worth that sysadmins ask about first: workers, UV_THREADPOOL_SIZE, pool size. */
import { availableParallelism } from 'node:os';
import { echoCall, measureHops, type HopTarget } from '../hop-cost.js';
import type { Cell, Part } from '../part.js';
import { treeRssBytes } from '../process-tree.js';
import { AMPLE_LIMITS, openBench, type Bench, type BenchOptions } from '../targets/bench.js';

const CONNECTIONS = 100;
const UPSTREAM_MS = 20;
const USERS = 100;

interface Trial {
  readonly name: string;
  readonly bench: BenchOptions;
  /** Of the upstream; its calls are then made by many users, since one may not fill the queue. */
  readonly delayMs?: number;
}

export const tuning: Part = {
  name: 'tuning',
  about: 'throughput and memory by workers, UV_THREADPOOL_SIZE and pool size',
  run: async ({ isQuick, workers }) => {
    const trials: readonly Trial[] = [
      ...[1, 2, 4].map((count) => ({ name: `workers ${count}`, bench: { workers: count } })),
      ...['4', '16', '64'].map((size) => ({
        name: `UV_THREADPOOL_SIZE ${size}`,
        bench: { workers, env: { UV_THREADPOOL_SIZE: size } },
      })),
      ...[10, 25, 50, 100].map((maxConnectionsPerServer) => ({
        name: `maxConnectionsPerServer ${maxConnectionsPerServer}, upstream ${UPSTREAM_MS} ms`,
        bench: { workers, global: { ...AMPLE_LIMITS, maxConnectionsPerServer } },
        delayMs: UPSTREAM_MS,
      })),
    ];
    const rows: Cell[][] = [];
    for (const trial of trials) rows.push(await tryOut(trial, isQuick));
    return [
      {
        title: 'Settings',
        method: `Closed loop, ${CONNECTIONS} connections, 300 bytes each way, a gateway of its own for each row; ${availableParallelism()} CPUs, shared with load generator and upstream. Rows with a pool size: ${USERS} users, an upstream that takes ${UPSTREAM_MS} ms; “not served” are clean 503 refusals of calls that would have waited too long. MiB: anonymous memory of all processes after the load.`,
        columns: ['setting', 'CPU µs/call', 'served/s', 'p50 ms', 'p99 ms', 'MiB', 'not served'],
        rows,
      },
    ];
  },
};

async function tryOut({ name, bench: options, delayMs = 0 }: Trial, isQuick: boolean) {
  await using bench = await openBench(options);
  const calls = isQuick ? 2_000 : 15_000;
  const [cost] = await measureHops([delayMs === 0 ? ofOneUser(bench) : ofManyUsers(bench)], {
    call: echoCall({ delayMs }),
    connections: CONNECTIONS,
    calls: delayMs === 0 ? calls : calls / 2,
    warmUpCalls: isQuick ? 6_000 : 40_000,
    rounds: isQuick ? 2 : 3,
  });
  return [
    name,
    cost?.cpuMicrosPerCall ?? NaN,
    cost?.callsPerSecond ?? NaN,
    cost?.p50Ms ?? NaN,
    cost?.p99Ms ?? NaN,
    Math.round(treeRssBytes(bench.gatewayPid) / 2 ** 20),
    (cost?.wrong ?? 0) + (cost?.lost ?? 0),
  ];
}

function ofOneUser(bench: Bench): HopTarget {
  return bench.gateway('gateway', bench.apiKey);
}

function ofManyUsers(bench: Bench): HopTarget {
  const target = bench.gateway('gateway', '');
  const tokens = Array.from({ length: USERS }, (_, user) => bench.token(`user-${user}`));
  return {
    ...target,
    headers: target.headers.filter((line) => !line.startsWith('Authorization')),
    headersOf: (n) => [`Authorization: Bearer ${tokens[n % USERS] ?? ''}`],
  };
}
