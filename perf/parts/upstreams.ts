/** A trivial tool behind each kind of upstream: HTTP server, stdio child, in-process module. */
import { fileURLToPath } from 'node:url';
import { echoCall, measureHops } from '../hop-cost.js';
import { stdioCpuMicros } from '../load/stdio-loop.js';
import type { Part } from '../part.js';
import { openBench } from '../targets/bench.js';

const MODULE = fileURLToPath(new URL('../targets/echo-module.js', import.meta.url));
const CHILD = fileURLToPath(new URL('../targets/echo-stdio.js', import.meta.url));
const CONNECTIONS = 50;

export const upstreams: Part = {
  name: 'upstreams',
  about: 'one call of a trivial tool over HTTP, stdio and in a module',
  run: async ({ isQuick, workers }) => {
    const calls = isQuick ? 5_000 : 20_000;
    const childAlone = await stdioCpuMicros(CHILD, { calls, inFlight: CONNECTIONS });
    await using bench = await openBench({
      workers,
      servers: { module: { module: MODULE }, stdio: { command: process.execPath, args: [CHILD] } },
    });
    const targets = ['fast', 'module', 'stdio'].map((server) =>
      bench.gateway(server, bench.apiKey, server),
    );
    const costs = await measureHops(targets, {
      call: echoCall(),
      connections: CONNECTIONS,
      calls,
      warmUpCalls: isQuick ? 10_000 : 60_000,
      rounds: isQuick ? 2 : 5,
    });
    const names = ['HTTP server (its own CPU not counted)', 'module', 'stdio, child included'];
    return [
      {
        title: 'One call by the kind of its upstream',
        method: `CPU of the gateway’s whole process tree: workers, upstream host and stdio children; ${CONNECTIONS} connections. “Child alone” is the same stdio program with its pipes driven directly.`,
        columns: ['upstream', 'CPU µs/call', 'p50 ms', 'p99 ms', 'calls/s', 'wrong or lost'],
        rows: [
          ...costs.map((cost, i) => [
            names[i] ?? cost.name,
            cost.cpuMicrosPerCall,
            cost.p50Ms,
            cost.p99Ms,
            cost.callsPerSecond,
            cost.wrong + cost.lost,
          ]),
          ['child alone', childAlone, NaN, NaN, NaN, 0],
        ],
        plot: 'CPU µs/call',
      },
    ];
  },
};
