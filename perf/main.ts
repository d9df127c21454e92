/**
 * `npm run perf [-- part… --quick --workers N --save file]`: measures the gateway beside nginx and the
 * peers. Without a part: `hop`. perf/README.md tells the methods.
 */
import { parseArgs } from 'node:util';
import { loadUwsFront } from '../src/http/uws-front.js';
import { EXIT } from '../src/kernel/exit-codes.js';
import type { Part, Table } from './part.js';
import { admission } from './parts/admission.js';
import { breaker } from './parts/breaker.js';
import { concurrency } from './parts/concurrency.js';
import { floods } from './parts/floods.js';
import { hop } from './parts/hop.js';
import { logsFull } from './parts/logs-full.js';
import { noisyUser } from './parts/noisy-user.js';
import { overload } from './parts/overload.js';
import { peers } from './parts/peers.js';
import { scale } from './parts/scale.js';
import { sessions } from './parts/sessions.js';
import { sizes } from './parts/sizes.js';
import { soak } from './parts/soak.js';
import { storedKeys } from './parts/stored-keys.js';
import { streams } from './parts/streams.js';
import { telemetry } from './parts/telemetry.js';
import { tenThousand } from './parts/ten-thousand.js';
import { tuning } from './parts/tuning.js';
import { upstreams } from './parts/upstreams.js';
import { textTable } from './print-table.js';
import { saveResults } from './results.js';

const PARTS: readonly Part[] = [
  hop,
  telemetry,
  admission,
  breaker,
  noisyUser,
  overload,
  concurrency,
  sizes,
  upstreams,
  peers,
  tenThousand,
  streams,
  scale,
  sessions,
  storedKeys,
  tuning,
  soak,
  floods,
  logsFull,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    save: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const asked = positionals.length === 0 ? ['hop'] : positionals;
  const unknown = asked.filter((name) => name !== 'all' && !PARTS.some((p) => p.name === name));
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) process.stderr.write(`no such part: ${unknown.join(', ')}\n`);
    process.stdout.write('parts: all, or any of\n');
    for (const { name, about } of PARTS) process.stdout.write(`  ${name.padEnd(14)}${about}\n`);
    return values.help ? EXIT.ok : EXIT.usage;
  }
  const uws = await loadUwsFront();
  if (typeof uws !== 'function') {
    process.stderr.write(`the upstream needs uWebSockets.js, which does not load: ${uws.reason}\n`);
    return EXIT.unavailable;
  }
  const chosen = PARTS.filter(({ name }) => asked.includes('all') || asked.includes(name));
  for (const part of chosen) {
    process.stderr.write(`measuring ${part.name} …\n`);
    const tables: readonly Table[] = await part.run({
      isQuick: values.quick,
      workers: Number(values.workers),
    });
    for (const table of tables) process.stdout.write(textTable(table));
    if (values.save !== undefined) saveResults(values.save, part.name, tables);
  }
  return 0;
}

process.exitCode = await main();
