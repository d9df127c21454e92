/**
 * What one proxied `tools/call` costs: CPU of the whole process tree per call, before the same fast
 * upstream, targets in turn within each round, medians of the rounds, ratio to nginx in the same round.
 * Ratios, because the machines are noisy; nothing here is a test.
 */
import { closedLoop, type LoadResult } from './load/closed-loop.js';
import { treeCpuMicros } from './tree-cpu.js';

export interface HopTarget {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
}

export interface HopOptions {
  readonly rounds: number;
  readonly calls: number;
  readonly connections: number;
}

export interface HopCost {
  readonly name: string;
  readonly cpuMicrosPerCall: number;
  readonly ratioToFirst: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly callsPerSecond: number;
  readonly wrong: number;
  readonly lost: number;
}

const TIME_LIMIT_MS = 60_000;

/** The first target is the yardstick. */
export async function measureHops(
  targets: readonly HopTarget[],
  options: HopOptions,
): Promise<readonly HopCost[]> {
  const rounds: { readonly cpu: number; readonly load: LoadResult }[][] = targets.map(() => []);
  for (const target of targets)
    await run(target, { ...options, calls: Math.ceil(options.calls / 4) });
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [index, target] of targets.entries()) {
      const before = treeCpuMicros(target.pid);
      const load = await run(target, options);
      const cpu = (treeCpuMicros(target.pid) - before) / Math.max(1, load.right + load.wrong);
      rounds[index]?.push({ cpu, load });
    }
  }
  return targets.map(({ name }, index) => {
    const own = rounds[index] ?? [];
    const loads = own.map(({ load }) => load);
    return {
      name,
      cpuMicrosPerCall: median(own.map(({ cpu }) => cpu)),
      ratioToFirst: median(own.map(({ cpu }, round) => cpu / (rounds[0]?.[round]?.cpu ?? NaN))),
      p50Ms: median(loads.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(loads.map(({ p99Ms }) => p99Ms)),
      callsPerSecond: median(loads.map(({ right, elapsedMs }) => (right * 1000) / elapsedMs)),
      wrong: sum(loads.map(({ wrong }) => wrong)),
      lost: sum(loads.map(({ lost }) => lost)),
    };
  });
}

function run(target: HopTarget, { calls, connections }: HopOptions): Promise<LoadResult> {
  return closedLoop({
    port: target.port,
    path: target.path,
    headers: target.headers,
    connections,
    calls,
    timeLimitMs: TIME_LIMIT_MS,
    body: callBody,
    isRight: (n, status, body) => status === 200 && body.includes(`"text":"call ${n} `),
  });
}

const ENVELOPE =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
const FILLER = 'x'.repeat(60);

/** About 300 bytes. All calls use id 1, as claude.ai does. */
function callBody(n: number): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"call ${n} ${FILLER}"},${ENVELOPE}}}`;
}

export const CALL_HEADERS = [
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
  'MCP-Protocol-Version: 2026-07-28',
  'Mcp-Method: tools/call',
  'Mcp-Name: echo',
];

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
