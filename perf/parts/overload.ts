/** Three times the capacity for a while: what still gets done, how quick, and how soon it is over. */
import { echoCall } from '../hop-cost.js';
import { countOf, openLoop, servedQuantileMs, type Answered } from '../load/open-loop.js';
import type { Part } from '../part.js';
import { openBench } from '../targets/bench.js';

const SLOTS = 20;
const SERVICE_MS = 100;
/** Per second. */
const CAPACITY = (SLOTS * 1000) / SERVICE_MS;
const USERS = 50;

export const overload: Part = {
  name: 'overload',
  about: 'goodput and p99 at three times the capacity, and the time to recover',
  run: async ({ isQuick, workers }) => {
    await using bench = await openBench({ workers, global: { maxConnectionsPerServer: SLOTS } });
    const tokens = Array.from({ length: USERS }, (_, i) => bench.token(`user${i}`));
    const load = async (name: string, share: number, seconds: number) => ({
      name,
      seconds,
      answered: await openLoop({
        port: bench.gatewayPort,
        path: '/fast/mcp',
        call: echoCall({ delayMs: SERVICE_MS }),
        credential: (n) => tokens[n % USERS] ?? '',
        perSecond: CAPACITY * share,
        forMs: seconds * 1000,
      }),
    });
    await load('warm-up', 0.5, 3);
    const light = await load('half, before', 0.5, 8);
    const peak = await load('once', 1, 8);
    const heavy = await load('three times', 3, isQuick ? 8 : 60);
    const after = await load('half, after', 0.5, 8);
    const lightMs = servedQuantileMs(light.answered, 0.99);
    const peakPerSecond = Math.max(
      ...[peak, heavy].map(({ answered, seconds }) => countOf(answered, 200) / seconds),
    );
    return [
      {
        title: `Overload of ${SLOTS} slots of ${SERVICE_MS} ms (${CAPACITY}/s)`,
        method: `Open loop, ${USERS} users, phases one after the other; a latency counts from the instant a call was due. Recovered: the last instant in the phase after it at which anyone was refused or took over three times the p99 before.`,
        columns: [
          'load',
          'served/s',
          'of peak',
          'p99 ms',
          'of before',
          'refused',
          'lost',
          'recovered s',
        ],
        rows: [light, peak, heavy, after].map((phase) => {
          const { name, seconds, answered } = phase;
          const perSecond = countOf(answered, 200) / seconds;
          const p99Ms = servedQuantileMs(answered, 0.99);
          return [
            name,
            perSecond,
            perSecond / peakPerSecond,
            p99Ms,
            p99Ms / lightMs,
            countOf(answered, 503),
            countOf(answered, 0),
            phase === after ? recoveredAfterSeconds(answered, 3 * lightMs) : '',
          ];
        }),
      },
    ];
  },
};

function recoveredAfterSeconds(answered: readonly Answered[], maxMs: number): number {
  const bad = answered.filter(({ status, latencyMs }) => status !== 200 || latencyMs > maxMs);
  return Math.max(0, ...bad.map(({ endedAtMs }) => endedAtMs)) / 1000;
}
