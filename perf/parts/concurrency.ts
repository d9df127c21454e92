/** The same hop with 1 to 1,000 connections: latency with nobody else there, and cost as they grow. */
import { echoCall, measureHops } from '../hop-cost.js';
import type { Cell, Part } from '../part.js';
import { openBench } from '../targets/bench.js';
import { treeRssBytes } from '../process-tree.js';

const CONNECTIONS = [1, 10, 100, 1000];

export const concurrency: Part = {
  name: 'concurrency',
  about: 'latency, CPU and memory with 1, 10, 100 and 1,000 connections',
  run: async ({ isQuick, workers }) => {
    await using bench = await openBench({ workers });
    const targets = [
      ...bench.nginx('nginx'),
      bench.direct('direct'),
      bench.gateway('gateway', bench.apiKey),
    ];
    const rows: Cell[][] = [];
    for (const [index, connections] of CONNECTIONS.entries()) {
      const costs = await measureHops(targets, {
        call: echoCall(),
        connections,
        calls: (isQuick ? 2_000 : 10_000) * (connections === 1 ? 0.3 : 1),
        warmUpCalls: index === 0 ? (isQuick ? 10_000 : 60_000) : connections * 2,
        rounds: isQuick ? 2 : 5,
      });
      for (const [i, cost] of costs.entries()) {
        const pid = targets[i]?.pid ?? 0;
        rows.push([
          `${cost.name}, ${connections}`,
          cost.cpuMicrosPerCall,
          cost.ratioToFirst,
          cost.p50Ms,
          cost.p99Ms,
          cost.callsPerSecond,
          Math.round(treeRssBytes(pid) / 2 ** 20),
          cost.wrong + cost.lost,
        ]);
      }
    }
    return [
      {
        title: 'One call by the number of connections',
        method:
          'Closed loop, one call in flight on each connection, 300 bytes each way. Memory is what the target’s process tree holds itself (anonymous), read after the load.',
        columns: [
          'target, connections',
          'CPU µs/call',
          'ratio',
          'p50 ms',
          'p99 ms',
          'calls/s',
          'MiB',
          'wrong or lost',
        ],
        rows,
        plot: 'p50 ms',
      },
    ];
  },
};
