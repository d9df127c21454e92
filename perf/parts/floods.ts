/**
 * What floods of credentials do to everyone else: a good user's steady calls are timed beside (a) new RS256
 * tokens and (b) forged tokens and keys, each against the same rate of requests whose credential is known.
 * The design names 8,000 new tokens and 5,000 forgeries a second; a machine that has to make the load itself
 * gets as much of that as it can send, and the table says how much it was.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { mintApiKey } from '../../src/gateway/api-key.js';
import { CALL_HEADERS, echoCall } from '../hop-cost.js';
import type { Flood } from '../load/flood-thread.js';
import { pacedLoop, type PacedResult } from '../load/paced-loop.js';
import type { Cell, Part } from '../part.js';
import { openBench, type Bench } from '../targets/bench.js';

const PROBE_PER_SECOND = 200;
const PROBE_CONNECTIONS = 20;
const COLUMNS = ['beside it', 'asked/s', 'answered/s', 'answers', 'p50 ms', 'p99 ms'];

interface Case {
  readonly name: string;
  /** None: no flood. */
  readonly credentials: readonly string[];
  /** The row that this one is held against. */
  readonly baseline: number;
}

export const floods: Part = {
  name: 'floods',
  about: 'latency of a good user beside floods of new and of forged credentials',
  run: async ({ isQuick, workers }) => {
    const perSecond = isQuick ? 500 : 2000;
    const seconds = isQuick ? 4 : 8;
    await using bench = await openBench({ workers });
    const rows: Cell[][] = [];
    const p99s: number[] = [];
    // Once without being counted: compilers, caches, connections.
    await measure(bench, { perSecond, seconds: 2, credentials: [bench.token('flood')] });
    for (const { name, credentials, baseline } of casesOf(bench, perSecond * seconds)) {
      const { probe, flood } = await measure(bench, { perSecond, seconds, credentials });
      p99s.push(probe.p99Ms);
      rows.push([
        name,
        flood === null ? 0 : perSecond,
        flood?.perSecond ?? 0,
        statuses(flood),
        probe.p50Ms,
        probe.p99Ms,
        probe.p99Ms / (p99s[baseline] ?? Number.NaN),
      ]);
    }
    return [
      {
        title: 'A good user beside floods',
        method: `${PROBE_PER_SECOND} calls/s of one user with a known token, ${seconds} s a row, latency counted from when a call was due, while another thread of the load generator sends the flood; all on one machine. Ratio: p99 to that of the same rate with a known credential (new tokens: a known token; forgeries: a known refusal).`,
        columns: [...COLUMNS, 'p99 ratio'],
        rows,
        plot: 'p99 ratio',
      },
    ];
  },
};

function casesOf(bench: Bench, count: number): readonly Case[] {
  const many = (make: (n: number) => string): string[] =>
    Array.from({ length: count }, (_, n) => make(n));
  const forged = (token: string): string => {
    const [header = '', claims = '', signature = ''] = token.split('.');
    const bytes = randomBytes(Buffer.byteLength(signature, 'base64url'));
    return `${header}.${claims}.${bytes.toString('base64url')}`;
  };
  const [hmacToken, rsaToken] = [bench.token('flood'), bench.rsaToken('flood')];
  const unknownKey = (): string => {
    const header = { alg: 'RS256', kid: randomBytes(8).toString('hex') };
    const [, ...rest] = rsaToken.split('.');
    return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
  };
  return [
    { name: 'nothing', credentials: [], baseline: 0 },
    { name: 'a known token', credentials: [rsaToken], baseline: 1 },
    {
      name: 'new RS256 tokens',
      credentials: many((n) => bench.rsaToken(`user-${n}`)),
      baseline: 1,
    },
    { name: 'a known refusal', credentials: [forged(hmacToken)], baseline: 3 },
    { name: 'forged HS256 tokens', credentials: many(() => forged(hmacToken)), baseline: 3 },
    { name: 'forged RS256 tokens', credentials: many(() => forged(rsaToken)), baseline: 3 },
    { name: 'tokens of unknown keys', credentials: many(unknownKey), baseline: 3 },
    { name: 'forged API keys', credentials: many(() => mintApiKey().key), baseline: 3 },
  ];
}

async function measure(
  bench: Bench,
  load: Pick<Flood, 'perSecond' | 'seconds' | 'credentials'>,
): Promise<{ readonly probe: PacedResult; readonly flood: PacedResult | null }> {
  const { port, path, headers } = bench.gateway('gateway', bench.token('good'));
  const { body } = echoCall({});
  const request = (n: number): string => {
    const text = body(n);
    return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  };
  const flood = load.credentials.length === 0 ? null : startFlood(bench, load);
  const probe = await pacedLoop({
    port,
    perSecond: PROBE_PER_SECOND,
    seconds: load.seconds,
    connections: PROBE_CONNECTIONS,
    request,
  });
  return { probe, flood: flood === null ? null : await flood };
}

async function startFlood(
  bench: Bench,
  load: Pick<Flood, 'perSecond' | 'seconds' | 'credentials'>,
): Promise<PacedResult> {
  const { port, path } = bench.gateway('gateway', '');
  const workerData: Flood = {
    ...load,
    port,
    path,
    headers: CALL_HEADERS,
    body: echoCall({}).body(0),
  };
  const thread = new Worker(new URL('../load/flood-thread.js', import.meta.url), { workerData });
  const [result] = (await once(thread, 'message')) as [PacedResult];
  return result;
}

function statuses(result: PacedResult | null): string {
  if (result === null) return '-';
  return Object.entries(result.byStatus)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
}
