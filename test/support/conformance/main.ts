/**
 * `npm run conformance [-- --direct] [-- --revision 2025-11-25] [-- --way http] [-- --front node]`: prints scenario ×
 * way for every revision, then every difference. Exit code 1 when there is one, 0 otherwise.
 * `--node PATH`: what runs fixture and gateway, since the suite needs a newer Node.js than they do.
 */
import { parseArgs } from 'node:util';
import { WAYS, type Way } from './compare.js';
import { runConformance } from './run.js';
import { REVISIONS } from './suite.js';

const { values } = parseArgs({
  options: {
    direct: { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
    front: { type: 'string' },
    revision: { type: 'string', multiple: true, default: [...REVISIONS] },
    way: { type: 'string', multiple: true, default: ['http', 'stdio', 'module'] },
  },
});
const isThroughGateway = (way: Way): way is Exclude<Way, 'direct'> => way !== 'direct';

const comparisons = await runConformance({
  revisions: REVISIONS.filter((revision) => values.revision.includes(revision)),
  ways: values.direct
    ? []
    : WAYS.filter(isThroughGateway).filter((way) => values.way.includes(way)),
  node: values.node,
  ...(values.front === 'uws' || values.front === 'node' ? { front: values.front } : {}),
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
for (const { table } of comparisons) process.stdout.write(`\n${table}\n`);

const differences = comparisons.flatMap((comparison) => comparison.differences);
for (const { revision, scenario, way, detail } of differences) {
  process.stdout.write(`\n${revision} ${scenario} over ${way}:\n${detail}\n`);
}
process.stdout.write(`\n${differences.length} differences\n`);
process.exitCode = differences.length === 0 ? 0 : 1;
