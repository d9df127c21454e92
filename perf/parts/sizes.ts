/** Answers of 300 bytes to 1 MB, as JSON and as an event stream: what relaying bytes costs. */
import { echoCall, measureHops } from '../hop-cost.js';
import type { Cell, Part } from '../part.js';
import { openBench } from '../targets/bench.js';

/** Each size runs through code of its own (collected, streamed), which compilers have to meet first. */
const SIZES = [
  { name: '300 B', answerBytes: 0, calls: 10_000, warmUp: 60_000, connections: 50 },
  { name: '4 KB', answerBytes: 4_096, calls: 10_000, warmUp: 10_000, connections: 50 },
  { name: '64 KB', answerBytes: 65_536, calls: 3_000, warmUp: 10_000, connections: 20 },
  { name: '1 MB', answerBytes: 1_048_576, calls: 200, warmUp: 600, connections: 10 },
];

export const sizes: Part = {
  name: 'sizes',
  about: 'answers of 300 bytes to 1 MB, JSON and event streams',
  run: async ({ isQuick, workers }) => {
    await using bench = await openBench({ workers });
    const targets = [
      ...bench.nginx('nginx'),
      bench.direct('direct'),
      bench.gateway('gateway', bench.apiKey),
    ];
    const rows: Cell[][] = [];
    for (const { name, answerBytes, calls, warmUp, connections } of SIZES) {
      for (const isEvents of [false, true]) {
        const costs = await measureHops(targets, {
          call: echoCall({ answerBytes, isEvents }),
          connections,
          calls: isQuick ? Math.ceil(calls / 5) : calls,
          warmUpCalls: isQuick ? Math.ceil(warmUp / 6) : warmUp,
          rounds: isQuick ? 2 : 5,
        });
        for (const cost of costs) {
          rows.push([
            `${cost.name}, ${name} ${isEvents ? 'events' : 'JSON'}`,
            cost.cpuMicrosPerCall,
            cost.ratioToFirst,
            cost.p50Ms,
            cost.p99Ms,
            cost.wrong + cost.lost,
          ]);
        }
      }
    }
    return [
      {
        title: 'One call by the size and kind of its answer',
        method: 'Closed loop; 50 connections for small answers, 20 for 64 KB, 10 for 1 MB.',
        columns: ['target, answer', 'CPU µs/call', 'ratio', 'p50 ms', 'p99 ms', 'wrong or lost'],
        rows,
        plot: 'CPU µs/call',
      },
    ];
  },
};
