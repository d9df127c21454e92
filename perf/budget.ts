/**
 * `npm run perf:budget`: a short run of the hop against perf/budget.json, for CI. Judged by the best
 * round, which noise cannot have made better, as a multiple of the upstream's own cost, which every
 * machine can measure. Exits 1 when a figure is above its budget. Where uWebSockets.js does not load
 * nothing is measured: the budget is that of its front, and the upstream is built on it. Its binary for
 * Node.js 20 has to load everywhere, so there that exits 1 too.
 */
import { readFileSync } from 'node:fs';
import { loadUwsFront } from '../src/http/uws-front.js';
import { echoCall, measureHops } from './hop-cost.js';
import { openBench } from './targets/bench.js';

const BUDGET = 'perf/budget.json';

const uws = await loadUwsFront();
if (typeof uws !== 'function') {
  process.stdout.write(`budget not measured: uWebSockets.js does not load: ${uws.reason}\n`);
  process.exit(process.versions.node.startsWith('20.') ? 1 : 0);
}

const budget = JSON.parse(readFileSync(BUDGET, 'utf8')) as Readonly<Record<string, number>>;
await using bench = await openBench({ workers: 1 });
const costs = await measureHops(
  [
    bench.direct('direct'),
    bench.gateway('gateway, API key', bench.apiKey),
    bench.gateway('gateway, HS256', bench.token('perf')),
  ],
  { call: echoCall(), calls: 4_000, warmUpCalls: 20_000, rounds: 5, connections: 50 },
);
for (const { name, lowestRatioToFirst, wrong, lost } of costs) {
  const most = budget[name];
  if (most === undefined) continue;
  const isWithin = lowestRatioToFirst <= most && wrong + lost === 0;
  if (!isWithin) process.exitCode = 1;
  process.stdout.write(
    `${isWithin ? 'within' : 'ABOVE '} budget: ${name} costs ${lowestRatioToFirst.toFixed(2)} × the upstream itself, at most ${most}; ${wrong} wrong, ${lost} lost\n`,
  );
}
