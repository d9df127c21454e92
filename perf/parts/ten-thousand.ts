/**
 * 10,000 connections with one call in flight on each: 1,000 users with 10 calls. With the queue raised
 * every call must be answered right; with the limits that ship every call must get an answer or a
 * clean refusal that says when to come again.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'jsonc-parser';
import { CALL_HEADERS, echoCall } from '../hop-cost.js';
import { burst, type BurstResult } from '../load/burst.js';
import type { Cell, Part } from '../part.js';
import { treeRssBytes } from '../process-tree.js';
import { openBench } from '../targets/bench.js';

const USERS = 1_000;
const COLUMNS = ['limits', 'right', 'refused', 'wrong', 'reset', 'unanswered', 'seconds'];

/** The limits that the issue of the owner names, with room for everyone to wait. */
const RAISED_QUEUE = {
  maxTotalConnections: 500,
  maxConnectionsPerServer: 500,
  maxConcurrentRequestsPerUser: 10,
  queueMaxSize: 10_000,
  queueMaxPerUser: 10,
  queueTimeout: 120_000,
};

interface Run {
  readonly name: string;
  readonly global: object;
  readonly delayMs: number;
}

export const tenThousand: Part = {
  name: 'ten-thousand',
  about: '10,000 connections with one call each, queue raised and as shipped',
  run: async ({ isQuick, workers }) => {
    const connections = isQuick ? 2_000 : 10_000;
    const raised = [50, 1000].map((delayMs) => ({
      name: `queue raised, upstream ${delayMs} ms`,
      global: RAISED_QUEUE,
      delayMs,
    }));
    const shipped = ['server-production', 'max-throughput'].map((name) => ({
      name: `${name}.json, upstream 50 ms`,
      global: globalOf(`config/${name}.json`),
      delayMs: 50,
    }));
    const rows: Cell[][] = [];
    for (const run of [...raised, ...shipped]) rows.push(await measure(run, connections, workers));
    return [
      {
        title: `${connections} calls at once`,
        method: `${connections} open connections of ${USERS} users, one call sent on each at the same moment. Refused: 429 or 503 with Retry-After. Right/s: right answers by the time until the last answer of any kind. KiB: growth of the gateway’s own memory (all processes) by connection, with all of them open and idle, and the most seen during the burst.`,
        columns: [...COLUMNS, 'right/s', 'p50 ms', 'p99 ms', 'KiB idle', 'KiB at most'],
        rows,
      },
    ];
  },
};

async function measure(run: Run, connections: number, workers: number): Promise<Cell[]> {
  await using bench = await openBench({ workers, global: run.global });
  const { pid, port, path } = bench.gateway('gateway', '');
  const tokens = Array.from({ length: USERS }, (_, user) => bench.token(`user-${user}`));
  const emptyBytes = treeRssBytes(pid);
  let idleBytes = 0;
  let mostBytes = 0;
  const sampling = setInterval(() => {
    mostBytes = Math.max(mostBytes, treeRssBytes(pid));
  }, 250);
  let result: BurstResult;
  try {
    result = await burst({
      port,
      path,
      connections,
      headers: (n) => [...CALL_HEADERS, `Authorization: Bearer ${tokens[n % USERS] ?? ''}`],
      ...echoCall({ delayMs: run.delayMs }),
      timeLimitMs: 180_000,
      onOpen: () => {
        idleBytes = treeRssBytes(pid);
      },
    });
  } finally {
    clearInterval(sampling);
  }
  const kibEach = (bytes: number): number => (bytes - emptyBytes) / 1024 / connections;
  const seconds = result.elapsedMs / 1000;
  return [
    run.name,
    result.right,
    result.refused,
    result.wrong,
    result.reset,
    result.unanswered,
    seconds,
    result.right / seconds,
    result.p50Ms,
    result.p99Ms,
    kibEach(idleBytes),
    kibEach(mostBytes),
  ];
}

/** The shipped limits without port and monitoring thresholds, which would be the machine's, not ours. */
function globalOf(file: string): object {
  const { global } = parse(readFileSync(file, 'utf8'), undefined, { allowTrailingComma: true }) as {
    readonly global: Readonly<Record<string, unknown>>;
  };
  return Object.fromEntries(Object.entries(global).filter(([key]) => key !== 'port'));
}
