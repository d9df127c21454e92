/** Whether a call stays as cheap when servers and users are many, and how long a start takes then. */
import { echoCall, measureHops, type HopTarget } from '../hop-cost.js';
import type { Cell, Part } from '../part.js';
import { treeRssBytes } from '../process-tree.js';
import { openBench, type Bench } from '../targets/bench.js';
import { freePort } from '../targets/started.js';

const CONNECTIONS = 50;

export const scale: Part = {
  name: 'scale',
  about: 'cost of a call with up to 1,000 servers and 100,000 users; start time',
  run: async ({ isQuick, workers }) => {
    const calls = isQuick ? 3_000 : 15_000;
    const warmUpCalls = isQuick ? 6_000 : 40_000;
    const serverRows: Cell[][] = [];
    for (const count of isQuick ? [1, 100] : [1, 100, 1_000]) {
      const startedAtMs = performance.now();
      await using bench = await openBench({ workers, servers: await unusedServers(count - 1) });
      const startSeconds = (performance.now() - startedAtMs) / 1000;
      const [cost] = await measureHops([bench.gateway('gateway', bench.apiKey)], {
        call: echoCall(),
        connections: CONNECTIONS,
        calls,
        warmUpCalls,
        rounds: isQuick ? 2 : 5,
      });
      serverRows.push([
        String(count),
        cost?.cpuMicrosPerCall ?? NaN,
        cost?.p50Ms ?? NaN,
        startSeconds,
        Math.round(treeRssBytes(bench.gatewayPid) / 2 ** 20),
        (cost?.wrong ?? 0) + (cost?.lost ?? 0),
      ]);
    }
    const userRows: Cell[][] = [];
    await using bench = await openBench({ workers });
    let warmUp = warmUpCalls;
    for (const count of isQuick ? [10, 1_000] : [10, 1_000, 10_000, 100_000]) {
      const [cost] = await measureHops([ofManyUsers(bench, count)], {
        call: echoCall(),
        connections: CONNECTIONS,
        calls: Math.max(calls, count),
        warmUpCalls: Math.max(warmUp, count),
        rounds: isQuick ? 2 : 3,
      });
      warmUp = 0;
      userRows.push([
        String(count),
        cost?.cpuMicrosPerCall ?? NaN,
        cost?.p50Ms ?? NaN,
        Math.round(treeRssBytes(bench.gatewayPid) / 2 ** 20),
        (cost?.wrong ?? 0) + (cost?.lost ?? 0),
      ]);
    }
    return [
      {
        title: 'One call by the number of configured servers',
        method:
          'HTTP servers; one of them is called, the others do not exist and are never called. Start: from the command to the banner, first key and all; MiB: anonymous memory of all processes afterwards.',
        columns: ['servers', 'CPU µs/call', 'p50 ms', 'start s', 'MiB', 'wrong or lost'],
        rows: serverRows,
        plot: 'CPU µs/call',
      },
      {
        title: 'One call by the number of users',
        method:
          'Every call comes from the next user in turn, each with a token of its own, so that no cache helps that holds fewer; the first call of each is in the warm-up.',
        columns: ['users', 'CPU µs/call', 'p50 ms', 'MiB', 'wrong or lost'],
        rows: userRows,
        plot: 'CPU µs/call',
      },
    ];
  },
};

/** Servers at a port where nothing listens. */
async function unusedServers(count: number): Promise<object> {
  const url = `http://127.0.0.1:${await freePort()}/mcp`;
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`unused-${i}`, { url }]));
}

function ofManyUsers(bench: Bench, count: number): HopTarget {
  const target = bench.gateway('gateway', '');
  const shared = target.headers.filter((line) => !line.startsWith('Authorization'));
  const tokens = Array.from({ length: count }, (_, user) => bench.token(`user-${user}`));
  return {
    ...target,
    headers: shared,
    headersOf: (n) => [`Authorization: Bearer ${tokens[n % count] ?? ''}`],
  };
}
