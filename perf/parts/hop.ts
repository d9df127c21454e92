/**
 * What one proxied `tools/call` costs: nginx as a plain proxy, the upstream itself and the gateway as it
 * ships (authentication, every limit, request log and metrics on), in turns before one fast upstream.
 */
import type { Part, Table } from '../part.js';
import { echoCall, measureHops, type HopCost } from '../hop-cost.js';
import { openBench } from '../targets/bench.js';

export const hop: Part = {
  name: 'hop',
  about: 'CPU of one proxied call beside nginx, by credential',
  run: async ({ isQuick, workers }) => {
    await using bench = await openBench({ workers });
    const targets = [
      ...bench.nginx('nginx, plain proxy'),
      bench.direct('direct'),
      bench.gateway('gateway, API key', bench.apiKey),
      bench.gateway('gateway, HS256', bench.token('perf')),
      bench.gateway('gateway, RS256', bench.rsaToken('perf')),
    ];
    const costs = await measureHops(targets, {
      call: echoCall(),
      calls: isQuick ? 5_000 : 20_000,
      warmUpCalls: isQuick ? 10_000 : 60_000,
      rounds: isQuick ? 3 : 7,
      connections: 100,
    });
    return [hopTable('One proxied tools/call, 300 bytes each way, 100 connections', costs)];
  },
};

export function hopTable(title: string, costs: readonly HopCost[]): Table {
  return {
    title,
    method:
      'CPU time of the target’s whole process tree for each call, targets in turns within each round, medians of the rounds, ratio to the first target in the same round. Closed loop on raw sockets; the bytes of every answer are checked.',
    columns: ['target', 'CPU µs/call', 'ratio', 'p50 ms', 'p99 ms', 'calls/s', 'wrong', 'lost'],
    rows: costs.map((cost) => [
      cost.name,
      cost.cpuMicrosPerCall,
      cost.ratioToFirst,
      cost.p50Ms,
      cost.p99Ms,
      cost.callsPerSecond,
      cost.wrong,
      cost.lost,
    ]),
    plot: 'CPU µs/call',
  };
}
