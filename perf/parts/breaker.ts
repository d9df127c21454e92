/** What callers of one server feel of another one that fails, and how quick an open breaker answers. */
import { echoCall, median } from '../hop-cost.js';
import { countOf, openLoop, servedQuantileMs, type Answered } from '../load/open-loop.js';
import type { Part } from '../part.js';
import { openBench } from '../targets/bench.js';
import { freePort } from '../targets/started.js';

const PER_SECOND = 100;
const METHOD =
  'Open loop, 100 calls a second to each server, a latency counts from the instant a call was due. Beside a healthy server under the same load and beside a failing one, in turn, so that the load is the same; the last row is the median of the rounds’ ratios.';

export const breaker: Part = {
  name: 'breaker',
  about: 'p99 of a server beside a failing one, and of an open breaker',
  run: async ({ isQuick, workers }) => {
    const rounds = isQuick ? 2 : 5;
    const upstreamPort = await freePort();
    await using bench = await openBench({
      workers,
      upstreamPort,
      servers: {
        other: { url: `http://127.0.0.1:${upstreamPort}/mcp` },
        fail: { url: 'http://127.0.0.1:1/mcp' },
      },
    });
    const load = (server: string) =>
      openLoop({
        port: bench.gatewayPort,
        path: `/${server}/mcp`,
        call: echoCall(),
        credential: () => bench.apiKey,
        perSecond: PER_SECOND,
        forMs: isQuick ? 2_000 : 8_000,
      });
    await Promise.all([load('fast'), load('other')]);
    await load('fail'); // Open from here on: nothing ever answers its probes.
    const rows: (readonly (string | number)[])[] = [];
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const [healthy] = await Promise.all([load('fast'), load('other')]);
      const [beside, failing] = await Promise.all([load('fast'), load('fail')]);
      const [healthyMs, failingMs] = [
        servedQuantileMs(healthy, 0.99),
        servedQuantileMs(beside, 0.99),
      ];
      ratios.push(failingMs / healthyMs);
      rows.push([
        `round ${round}`,
        healthyMs,
        failingMs,
        failingMs / healthyMs,
        beside.length - countOf(beside, 200),
        refusedQuantileMs(failing, 0.5),
        refusedQuantileMs(failing, 0.99),
      ]);
    }
    rows.push(['median', '', '', median(ratios), '', '', '']);
    return [
      {
        title: 'A server beside a failing one',
        method: METHOD,
        columns: [
          'round',
          'p99 ms beside a healthy one',
          'beside the failing one',
          'ratio',
          'not served',
          'open p50 ms',
          'open p99 ms',
        ],
        rows,
      },
    ];
  },
};

function refusedQuantileMs(answered: readonly Answered[], q: number): number {
  const latencies = answered
    .filter(({ status }) => status === 503)
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  return latencies[Math.floor(latencies.length * q)] ?? NaN;
}
