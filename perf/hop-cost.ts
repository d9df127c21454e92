/**
 * What one call through a target costs: CPU of the target's whole process tree per call, targets in turn
 * within each round, medians of the rounds, ratio to the first target in the same round. Ratios,
 * because the machines are noisy; nothing here is a test.
 */
import { closedLoop, type LoadResult } from './load/closed-loop.js';
import { treeCpuMicros } from './process-tree.js';

export interface HopTarget {
  readonly name: string;
  /** Root of the process tree whose CPU counts. */
  readonly pid: number;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
  /** Headers of the n-th call, besides `headers`. */
  readonly headersOf?: (n: number) => readonly string[];
  /** Where it is not called like the others. */
  readonly call?: Call;
}

export interface Call {
  /** The JSON-RPC body of the n-th call. */
  readonly body: (n: number) => string;
  /** Whether this is the right answer to the n-th call. */
  readonly isRight: (n: number, status: number, body: string) => boolean;
}

export interface HopOptions {
  readonly call: Call;
  readonly rounds: number;
  /** Per target and round. */
  readonly calls: number;
  /** Before the first round: compilers need some ten thousand calls to settle. */
  readonly warmUpCalls: number;
  readonly connections: number;
}

export interface HopCost {
  readonly name: string;
  readonly cpuMicrosPerCall: number;
  readonly ratioToFirst: number;
  /** The best round: what noise of the machine cannot have made better. */
  readonly lowestRatioToFirst: number;
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
  for (const target of targets) await run(target, { ...options, calls: options.warmUpCalls });
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
    const ratios = own.map(({ cpu }, round) => cpu / (rounds[0]?.[round]?.cpu ?? NaN));
    return {
      name,
      cpuMicrosPerCall: median(own.map(({ cpu }) => cpu)),
      ratioToFirst: median(ratios),
      lowestRatioToFirst: Math.min(...ratios),
      p50Ms: median(loads.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(loads.map(({ p99Ms }) => p99Ms)),
      callsPerSecond: median(loads.map(({ right, elapsedMs }) => (right * 1000) / elapsedMs)),
      wrong: sum(loads.map(({ wrong }) => wrong)),
      lost: sum(loads.map(({ lost }) => lost)),
    };
  });
}

function run(target: HopTarget, { call, calls, connections }: HopOptions): Promise<LoadResult> {
  return closedLoop({
    port: target.port,
    path: target.path,
    headers: target.headers,
    ...(target.headersOf !== undefined && { headersOf: target.headersOf }),
    connections,
    calls,
    timeLimitMs: TIME_LIMIT_MS,
    ...(target.call ?? call),
  });
}

const ENVELOPE =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';

export interface EchoOptions {
  /** Length of the text that goes out and comes back; default 76, which makes bodies of 300 bytes. */
  readonly textBytes?: number;
  /** Length of the text that comes back, where it is longer. */
  readonly answerBytes?: number;
  /** The upstream waits so long. */
  readonly delayMs?: number;
  /** The upstream answers as an event stream. */
  readonly isEvents?: boolean;
}

/** A call of the fast upstream's `echo`. All calls use id 1, as claude.ai does. */
export function echoCall(options: EchoOptions = {}): Call {
  const { textBytes = 76, answerBytes = 0, delayMs = 0, isEvents = false } = options;
  const filler = 'x'.repeat(Math.max(0, textBytes - 12));
  const extra = `${answerBytes > 0 ? `,"answerBytes":${answerBytes}` : ''}${delayMs > 0 ? `,"delayMs":${delayMs}` : ''}${isEvents ? ',"isEvents":true' : ''}`;
  const least = Math.max(answerBytes, textBytes - 12);
  return {
    body: (n) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"call ${n} ${filler}"${extra}},${ENVELOPE}}}`,
    isRight: (n, status, body) =>
      status === 200 && body.length >= least && body.includes(`"text":"call ${n} `),
  };
}

export const CALL_HEADERS = [
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
  'MCP-Protocol-Version: 2026-07-28',
  'Mcp-Method: tools/call',
  'Mcp-Name: echo',
];

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
