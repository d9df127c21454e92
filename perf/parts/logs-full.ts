/**
 * What a full log disk costs: a good user's steady calls beside a flood of refusals that makes 20,000 log
 * lines a second, with the logs on a disk of 1 MiB that fills up and on one with room, in turn.
 */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { CALL_HEADERS, echoCall, median } from '../hop-cost.js';
import { flood, hasWrk, NO_WRK, type FloodResult } from '../load/flood.js';
import { pacedLoop, type PacedResult } from '../load/paced-loop.js';
import type { Cell, Part, Table } from '../part.js';
import { openBench, type Bench } from '../targets/bench.js';
import { mountTmpfs } from '../targets/tmpfs.js';

const PROBE = { perSecond: 500, connections: 20 };
/** Of the disk with room: far more than one round writes. */
const ROOM_MEBIBYTES = 512;
const FULL_MEBIBYTES = 1;
const WARM_UP_ROUNDS = 3;
/** Many: beside such a flood the p99 of one round is a third higher or lower than that of the next. */
const ROUNDS = 11;
/** One call a minute is let through, and finds nobody. */
const LIMITED = {
  limited: {
    url: 'http://127.0.0.1:1/mcp',
    rateLimit: { requestsPerMinute: 1, burstSize: 1 },
  },
};
const RIGHT: ReadonlySet<string> = new Set(['200']);
const EXPECTED: ReadonlySet<string> = new Set(['429', '502']);

const TABLE = {
  title: 'The log disk fills up',
  columns: [
    'round',
    'p99 ms with room',
    'full',
    'ratio',
    'lines/s with room',
    'full',
    'wrong answers',
    'dropped lines',
  ],
};

export const logsFull: Part = {
  name: 'logs-full',
  about: 'latency of a good user while 20,000 log lines a second meet a full disk',
  run: async ({ isQuick, workers }) => {
    using roomy = mountTmpfs(ROOM_MEBIBYTES);
    using small = mountTmpfs(FULL_MEBIBYTES);
    if (roomy === null || small === null || !hasWrk()) {
      const method = hasWrk()
        ? 'Not measured: mounting a tmpfs needs root (CAP_SYS_ADMIN).'
        : NO_WRK;
      process.stderr.write(`${method}\n`);
      return [{ ...TABLE, method, rows: [] }];
    }
    const perSecond = isQuick ? 4_000 : 20_000;
    const seconds = isQuick ? 3 : 5;
    await using withRoom = await openBench({ workers, servers: LIMITED, logDir: roomy.path });
    await using full = await openBench({ workers, servers: LIMITED, logDir: small.path });
    const measureOn = (bench: Bench, logDir: string) => measure(bench, logDir, perSecond, seconds);
    // Without being counted: compilers, caches, connections.
    for (let round = 0; round < (isQuick ? 1 : WARM_UP_ROUNDS); round += 1) {
      await measureOn(withRoom, roomy.path);
      await measureOn(full, small.path);
    }
    const droppedBefore = await droppedLines(full);
    const rows: Cell[][] = [];
    for (let round = 1; round <= (isQuick ? 2 : ROUNDS); round += 1) {
      const isFullFirst = round % 2 === 0;
      const early = isFullFirst ? await measureOn(full, small.path) : null;
      const a = await measureOn(withRoom, roomy.path);
      const b = early ?? (await measureOn(full, small.path));
      rows.push([
        `round ${round}`,
        a.probe.p99Ms,
        b.probe.p99Ms,
        b.probe.p99Ms / a.probe.p99Ms,
        a.flood.perSecond + a.probe.perSecond,
        b.flood.perSecond + b.probe.perSecond,
        a.wrong + b.wrong,
        (await droppedLines(full)) - droppedBefore,
      ]);
    }
    const medianOf = (column: number): number => median(rows.map((row) => Number(row[column])));
    rows.push(['median', ...[1, 2, 3, 4, 5].map((column) => medianOf(column)), '', '']);
    const table: Table = {
      ...TABLE,
      method: `${PROBE.perSecond} calls/s of one user, latency counted from when a call was due, while wrk sends some ${perSecond} requests a second beyond a rate limit, each a line of the request log; ${seconds} s a round, on a tmpfs of ${ROOM_MEBIBYTES} MiB and one of ${FULL_MEBIBYTES} MiB in turn, both emptied before. Lines a second: what machine and generator reached.`,
      rows,
    };
    return [table];
  },
};

interface Round {
  readonly probe: PacedResult;
  readonly flood: FloodResult;
  /** Neither the probe's result nor the flood's refusal. */
  readonly wrong: number;
}

async function measure(
  bench: Bench,
  logDir: string,
  perSecond: number,
  seconds: number,
): Promise<Round> {
  truncateSync(join(logDir, 'requests.log'));
  const { port, path, headers } = bench.gateway('gateway', bench.token('good'));
  const text = echoCall({}).body(0);
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join('\r\n')}\r\n`;
  const request = `${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  const flooding = flood({
    port,
    path: '/limited/mcp',
    perSecond,
    seconds,
    headers: CALL_HEADERS,
    body: text,
    credentials: [bench.token('flood')],
  });
  const probe = await pacedLoop({ port, ...PROBE, seconds, request: () => request });
  const flooded = await flooding;
  const wrong = othersThan(probe, RIGHT) + othersThan(flooded, EXPECTED) + flooded.lost;
  return { probe, flood: flooded, wrong };
}

/** A request that was not sent in time has no answer, and is none that got lost. */
function othersThan(
  { byStatus }: Pick<FloodResult, 'byStatus'>,
  expected: ReadonlySet<string>,
): number {
  let count = 0;
  for (const [status, times] of Object.entries(byStatus)) {
    if (!expected.has(status) && status !== 'none') count += times;
  }
  return count;
}

async function droppedLines(bench: Bench): Promise<number> {
  const reply = await fetch(`http://127.0.0.1:${bench.gatewayPort}/metrics/prometheus`);
  let sum = 0;
  for (const line of (await reply.text()).split('\n')) {
    if (line.startsWith('multi_mcp_log_lines_dropped_total{')) sum += Number(line.split(' ')[1]);
  }
  return sum;
}
