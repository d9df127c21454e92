/** Whether a call stays as cheap when sessions are many that nobody ends, and what memory they take. */
import { fileURLToPath } from 'node:url';
import { measureHops, type Call, type HopTarget } from '../hop-cost.js';
import { LEGACY_HEADERS, openSessions } from '../load/open-sessions.js';
import type { Cell, Part } from '../part.js';
import { treeRssBytes } from '../process-tree.js';
import { openBench } from '../targets/bench.js';

const MODULE = fileURLToPath(new URL('../targets/echo-module.js', import.meta.url));
/** The most that a user may have with a module. */
const SESSIONS_PER_USER = 100;
const CONNECTIONS = 50;

const CALL: Call = {
  body: (n) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"call ${n} "}}}`,
  isRight: (n, status, body) => status === 200 && body.includes(`"text":"call ${n} `),
};

export const sessions: Part = {
  name: 'sessions',
  about: 'cost of a call and memory with up to 100,000 sessions that nobody ends',
  run: async ({ isQuick, workers }) => [
    {
      title: 'One call by the number of open sessions',
      method:
        'Sessions of revision 2025-06-18, opened one by one through the gateway and never ended; every call belongs to the next session in turn. The session of an HTTP server is sealed inside its id; the upstream host holds those of a module, at most 10,000 for each server, its health check’s included. MiB: anonymous memory of all processes.',
      columns: ['server, sessions', 'CPU µs/call', 'p50 ms', 'MiB', 'wrong or lost'],
      rows: [
        ...(await rowsOf('fast', isQuick ? [1, 1_000] : [1, 1_000, 100_000], isQuick, workers)),
        ...(await rowsOf('module', isQuick ? [1, 1_000] : [1, 1_000, 9_000], isQuick, workers)),
      ],
      plot: 'CPU µs/call',
    },
  ],
};

async function rowsOf(
  server: 'fast' | 'module',
  counts: readonly number[],
  isQuick: boolean,
  workers: number,
): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  await using bench = await openBench({ workers, servers: { module: { module: MODULE } } });
  let warmUpCalls = isQuick ? 6_000 : 40_000;
  const ids: string[] = [];
  const tokens: string[] = [];
  for (const count of counts) {
    const opened = ids.length;
    const tokenOf = (n: number): string =>
      (tokens[Math.floor(n / SESSIONS_PER_USER)] ??= bench.token(
        `user-${Math.floor(n / SESSIONS_PER_USER)}`,
      ));
    const more = await openSessions({
      port: bench.gatewayPort,
      path: `/${server}/mcp`,
      count: count - opened,
      credential: (n) => tokenOf(opened + n),
    });
    ids.push(...more);
    const target: HopTarget = {
      ...bench.gateway('gateway', '', server),
      headers: LEGACY_HEADERS,
      headersOf: (n) => [
        `Authorization: Bearer ${tokenOf(n % count)}`,
        `Mcp-Session-Id: ${ids[n % count] ?? ''}`,
      ],
    };
    const [cost] = await measureHops([target], {
      call: CALL,
      connections: CONNECTIONS,
      calls: Math.max(isQuick ? 3_000 : 15_000, count),
      warmUpCalls: Math.max(warmUpCalls, count),
      rounds: isQuick ? 2 : 3,
    });
    warmUpCalls = 0;
    rows.push([
      `${server === 'fast' ? 'HTTP' : server}, ${count}`,
      cost?.cpuMicrosPerCall ?? NaN,
      cost?.p50Ms ?? NaN,
      Math.round(treeRssBytes(bench.gatewayPid) / 2 ** 20),
      (cost?.wrong ?? 0) + (cost?.lost ?? 0),
    ]);
  }
  return rows;
}
