/**
 * Half an hour of mixed use with faults: sessions that nobody ends, clients that leave in mid-call, bad
 * tokens, failing tools, killed stdio children. What must not happen: memory that keeps growing,
 * or anything still held when everyone is gone. `SOAK_MINUTES` shortens it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Cell, Part } from '../part.js';
import { treePids, treeRssBytes } from '../process-tree.js';
import { openBench, type Bench } from '../targets/bench.js';

const MODULE = fileURLToPath(new URL('../targets/echo-module.js', import.meta.url));
const CHILD = fileURLToPath(new URL('../targets/echo-stdio.js', import.meta.url));
const CLIENTS = 24;
const PAUSE_MS = 20;
/** Of clients that end their session; the others just go (FIELD data: 92 % never send DELETE). */
const TIDY_SHARE = 0.08;
const KILL_EVERY_MS = 20_000;
const IDLE_TIMEOUT_MS = 30_000;
/** Identities are remembered for five minutes and ten of grace, and each visit may bring a new token. */
const FILLED_AFTER_MINUTES = 16;

type Counts = Record<'right' | 'refused' | 'aborted' | 'afterFault' | 'wrong', number>;

export const soak: Part = {
  name: 'soak',
  about: '30 minutes of mixed use with faults: memory slope, leak checks (SOAK_MINUTES)',
  run: async ({ isQuick, workers }) => {
    const minutes = Number(process.env['SOAK_MINUTES'] ?? (isQuick ? 2 : 30));
    await using bench = await openBench({
      workers,
      global: { idleTimeout: IDLE_TIMEOUT_MS, cleanupInterval: 5_000 },
      servers: { module: { module: MODULE }, stdio: { command: process.execPath, args: [CHILD] } },
    });
    const counts: Counts = { right: 0, refused: 0, aborted: 0, afterFault: 0, wrong: 0 };
    const endsAtMs = performance.now() + minutes * 60_000;
    const isOver = (): boolean => performance.now() >= endsAtMs;
    const samples: { readonly minute: number; readonly mib: number }[] = [];
    const startedAtMs = performance.now();
    const sampling = setInterval(() => {
      const minute = (performance.now() - startedAtMs) / 60_000;
      samples.push({ minute, mib: treeRssBytes(bench.gatewayPid) / 2 ** 20 });
    }, 5_000);
    const killing = setInterval(() => {
      killOneChild(bench.gatewayPid);
    }, KILL_EVERY_MS);
    try {
      await Promise.all(
        Array.from({ length: CLIENTS }, async (_, i) => {
          for (let visit = 0; !isOver(); visit += 1) {
            await oneVisit(bench, `user-${i}`, (i + visit) % 3, counts);
          }
        }),
      );
    } finally {
      clearInterval(sampling);
      clearInterval(killing);
    }
    await pause(IDLE_TIMEOUT_MS + 20_000);
    const left = await heldNow(bench);
    const warmMinutes = Math.min(FILLED_AFTER_MINUTES, (minutes * 2) / 3);
    const warm = samples.filter(({ minute }) => minute >= warmMinutes);
    return [
      {
        title: `${minutes} minutes of mixed use with faults`,
        method: `${CLIENTS} clients on an HTTP server, a module and a stdio server: sessions of which ${TIDY_SHARE * 100} % are ended, calls left in the middle, bad tokens, unknown tools, and a stdio child killed every ${KILL_EVERY_MS / 1000} s. Slope: least squares from minute ${Math.round(warmMinutes)} on, when every cache has met its oldest entry’s end. “Held” is read when every client has been gone for longer than idleTimeout; a stdio child that is left answers health checks.`,
        columns: ['what', 'figure'],
        rows: [
          ...rowsOf('calls ', counts),
          ['memory at the end, MiB', warm.at(-1)?.mib ?? NaN],
          ['memory slope, MiB/min', slope(warm)],
          ...rowsOf('held: ', left),
        ],
      },
    ];
  },
};

function rowsOf(prefix: string, figures: Readonly<Record<string, number>>): Cell[][] {
  return Object.entries(figures).map(([what, figure]) => [`${prefix}${what}`, figure]);
}

async function oneVisit(bench: Bench, user: string, kind: number, counts: Counts): Promise<void> {
  const server = ['fast', 'module', 'stdio'][kind] ?? 'fast';
  const dice = Math.random();
  const token = dice < 0.05 ? 'not-a-token' : bench.token(user);
  const session = server === 'fast' ? undefined : await begin(bench, server, token, counts);
  if (server !== 'fast' && session === undefined) return;
  for (let n = 0; n < 10; n += 1) {
    await call(bench, { server, token, session, isLeft: Math.random() < 0.05, n }, counts);
    await pause(PAUSE_MS);
  }
  if (session !== undefined && dice > 1 - TIDY_SHARE) {
    await request(bench, server, { token, session, method: 'DELETE' }).catch(() => undefined);
  }
}

async function begin(
  bench: Bench,
  server: string,
  token: string,
  counts: Counts,
): Promise<string | undefined> {
  const params = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'soak', version: '1' },
  };
  try {
    const answer = await request(bench, server, {
      token,
      body: { jsonrpc: '2.0', id: 0, method: 'initialize', params },
    });
    await answer.text();
    if (answer.status >= 400) counts.refused += 1;
    return answer.headers.get('mcp-session-id') ?? undefined;
  } catch {
    counts.wrong += 1;
    return undefined;
  }
}

interface SoakCall {
  readonly server: string;
  readonly token: string;
  readonly session: string | undefined;
  readonly isLeft: boolean;
  readonly n: number;
}

async function call(bench: Bench, options: SoakCall, counts: Counts): Promise<void> {
  const { server, token, session, isLeft, n } = options;
  const text = `call ${n}`;
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = {
    name: 'echo',
    arguments: { text, ...(isLeft && { delayMs: 200 }) },
    ...(session === undefined && { _meta }),
  };
  try {
    const answer = await request(bench, server, {
      token,
      session,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      ...(isLeft && { leaveAfterMs: 5 }),
    });
    const body = await answer.text();
    if (answer.status === 200 && body.includes(`"text":"${text}`)) counts.right += 1;
    else if ([401, 404, 429, 502, 503].includes(answer.status)) counts.refused += 1;
    else if (body.includes('"error"')) counts.afterFault += 1;
    else counts.wrong += 1;
  } catch {
    if (isLeft) counts.aborted += 1;
    else counts.wrong += 1;
  }
}

interface SoakRequest {
  readonly token: string;
  readonly session?: string | undefined;
  readonly method?: 'DELETE';
  readonly body?: object;
  readonly leaveAfterMs?: number;
}

function request(bench: Bench, server: string, options: SoakRequest): Promise<Response> {
  const { token, session, method = 'POST', body, leaveAfterMs = 30_000 } = options;
  const modern = {
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'echo',
  };
  return fetch(`http://127.0.0.1:${bench.gatewayPort}/${server}/mcp`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      Authorization: `Bearer ${token}`,
      ...(session !== undefined && { 'Mcp-Session-Id': session }),
      ...(server === 'fast' && modern),
    },
    signal: AbortSignal.timeout(leaveAfterMs),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** What /health says is still in use. */
async function heldNow(bench: Bench): Promise<Record<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${bench.gatewayPort}/health`);
  const { connectionPool } = (await answer.json()) as {
    readonly connectionPool: Record<string, number>;
  };
  const { inFlight = NaN, leased = NaN, queued = NaN, listening = NaN } = connectionPool;
  return {
    inFlight,
    leased,
    queued,
    listening,
    'stdio children': stdioChildren(bench.gatewayPid).length,
  };
}

function stdioChildren(rootPid: number): number[] {
  return [...treePids(rootPid)].filter((pid) => commandOf(pid).includes(CHILD));
}

function killOneChild(rootPid: number): void {
  const [pid] = stdioChildren(rootPid);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function slope(samples: readonly { readonly minute: number; readonly mib: number }[]): number {
  const meanOf = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const minute = meanOf(samples.map((sample) => sample.minute));
  const mib = meanOf(samples.map((sample) => sample.mib));
  const over = samples.reduce((sum, s) => sum + (s.minute - minute) * (s.mib - mib), 0);
  return over / samples.reduce((sum, s) => sum + (s.minute - minute) ** 2, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
