/** One user at twenty times its limit beside nine quiet ones: what these feel, and what it gets. */
import { echoCall, median } from '../hop-cost.js';
import { countOf, openLoop, servedQuantileMs } from '../load/open-loop.js';
import type { Part } from '../part.js';
import { openBench } from '../targets/bench.js';

const LIMIT = 10;
const QUIET_USERS = 9;

export const noisyUser: Part = {
  name: 'noisy-user',
  about: 'p99 of nine quiet users beside one at 20 times its limit',
  run: async ({ isQuick, workers }) => {
    const rounds = isQuick ? 2 : 5;
    const seconds = isQuick ? 3 : 10;
    await using bench = await openBench({
      workers,
      global: { perUserLimit: LIMIT, perServerLimit: 1000 },
    });
    const tokens = Array.from({ length: QUIET_USERS + 1 }, (_, i) => bench.token(`user${i}`));
    const load = (perSecond: number, credential: (n: number) => string) =>
      openLoop({
        port: bench.gatewayPort,
        path: '/fast/mcp',
        call: echoCall(),
        credential,
        perSecond,
        forMs: seconds * 1000,
      });
    const quiet = () => load(QUIET_USERS * LIMIT * 0.5, (n) => tokens[n % QUIET_USERS] ?? '');
    const noisy = () => load(LIMIT * 20, () => tokens[QUIET_USERS] ?? '');
    await quiet();
    const rows: (readonly (string | number)[])[] = [];
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const alone = await quiet();
      const [beside, loud] = await Promise.all([quiet(), noisy()]);
      const [aloneMs, besideMs] = [servedQuantileMs(alone, 0.99), servedQuantileMs(beside, 0.99)];
      ratios.push(besideMs / aloneMs);
      rows.push([
        `round ${round}`,
        aloneMs,
        besideMs,
        besideMs / aloneMs,
        beside.length - countOf(beside, 200),
        countOf(loud, 200) / (LIMIT * seconds),
      ]);
    }
    rows.push(['median', '', '', median(ratios), '', '']);
    return [
      {
        title: 'Nine quiet users beside one at 20 times its limit',
        method:
          'Open loop: quiet users at half of their 10 calls a second, the noisy one at 200; a latency counts from the instant a call was due. Alone and beside take turns. The noisy user’s share counts its first window too.',
        columns: ['round', 'p99 ms alone', 'beside', 'ratio', 'not served', 'noisy / its limit'],
        rows,
      },
    ];
  },
};
