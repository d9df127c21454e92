/**
 * What floods of credentials do to everyone else: a good user's steady calls are timed beside (a) new RS256
 * tokens and (b) forged tokens and keys, each against the same rate of requests whose credential is known.
 * The design names 8,000 new tokens a second, which two cores cannot both send and serve; the rates here leave
 * the machine room for the difference to show.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mintApiKey } from '../../src/gateway/api-key.js';
import { CALL_HEADERS, echoCall, median } from '../hop-cost.js';
import { flood, hasWrk, NO_WRK, type FloodResult } from '../load/flood.js';
import { pacedLoop, type PacedResult } from '../load/paced-loop.js';
import type { Cell, Part } from '../part.js';
import { AMPLE_LIMITS, openBench, type Bench } from '../targets/bench.js';

const PROBE_PER_SECOND = 500;
const PROBE_CONNECTIONS = 20;
/** Of the tokens that hold. */
const USERS = 1000;
const FRESH_PER_SECOND = 2000;
const FORGED_PER_SECOND = 5000;
/** As a proxy in front would name them: refused credentials are limited by address. */
const PROBE_FROM = 'X-Forwarded-For: 203.0.113.1';
const FLOOD_FROM = 'X-Forwarded-For: 203.0.113.2';
/** Until the flood's connections are there and its file is read. */
const FLOOD_BEGINS_MS = 500;

const TABLE = {
  title: 'A good user beside floods',
  columns: ['beside it', 'asked/s', 'answered/s', 'answers', 'p50 ms', 'p99 ms', 'p99 ratio'],
};

interface Case {
  readonly name: string;
  readonly perSecond: number;
  /** For one round. None: no flood. */
  readonly credentials: () => readonly string[];
  /** The case that this one is held against. */
  readonly baseline: number;
}

interface Round {
  readonly probe: PacedResult;
  readonly flooded: FloodResult | null;
}

export const floods: Part = {
  name: 'floods',
  about: 'latency of a good user beside floods of new and of forged credentials',
  run: async ({ isQuick, workers }) => {
    if (!hasWrk()) return [{ ...TABLE, method: NO_WRK, rows: [] }];
    const seconds = isQuick ? 3 : 6;
    const count = isQuick ? 1 : 9;
    await using bench = await openBench({
      workers,
      global: { ...AMPLE_LIMITS, trustProxy: ['127.0.0.1'] },
    });
    const cases = casesOf(bench, seconds + 1);
    // Once without being counted: compilers, caches, connections, the known credentials.
    for (const each of cases.slice(0, 4)) await measure(bench, each, seconds);
    const rounds: Round[][] = [];
    for (let round = 0; round < count; round += 1) {
      const measured: Round[] = [];
      for (const each of cases) measured.push(await measure(bench, each, seconds));
      rounds.push(measured);
    }
    const of = (index: number, value: (round: Round) => number): number =>
      median(rounds.flatMap((round) => round.slice(index, index + 1).map(value)));
    const rows = cases.map(({ name, perSecond, baseline }, index): Cell[] => [
      name,
      perSecond,
      of(index, ({ flooded }) => flooded?.perSecond ?? 0),
      statuses(rounds.flatMap((round) => round[index]?.flooded ?? [])),
      of(index, ({ probe }) => probe.p50Ms),
      of(index, ({ probe }) => probe.p99Ms),
      median(
        rounds.map(
          (round) =>
            (round[index]?.probe.p99Ms ?? Number.NaN) /
            (round[baseline]?.probe.p99Ms ?? Number.NaN),
        ),
      ),
    ]);
    const method = `${PROBE_PER_SECOND} calls/s of one user with a known token, latency counted from when a call was due, while wrk sends the flood; all on one machine, as from two clients of one proxy; ${count} rounds of ${seconds} s a row, medians. New tokens are those of ${USERS} users. Ratio: p99 to that of the same rate with known credentials in the same round (new tokens: tokens that are known; forgeries: a refusal that is known).`;
    return [{ ...TABLE, method, rows, plot: 'p99 ratio' }];
  },
};

function casesOf(bench: Bench, seconds: number): readonly Case[] {
  const fresh = { perSecond: FRESH_PER_SECOND, baseline: 1 };
  const forgery = { perSecond: FORGED_PER_SECOND, baseline: 3 };
  const many = (perSecond: number, make: (n: number) => string) => (): string[] =>
    Array.from({ length: perSecond * seconds }, (_, n) => make(n));
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
  const known = Array.from({ length: USERS }, (_, n) => bench.rsaToken(`user-${n}`));
  const refused = [forged(hmacToken)];
  return [
    { name: 'nothing', perSecond: 0, credentials: () => [], baseline: 0 },
    { name: 'known RS256 tokens', ...fresh, credentials: () => known },
    {
      name: 'new RS256 tokens',
      ...fresh,
      credentials: many(FRESH_PER_SECOND, (n) => bench.rsaToken(`user-${n % USERS}`)),
    },
    { name: 'a known refusal', ...forgery, credentials: () => refused },
    {
      name: 'forged HS256 tokens',
      ...forgery,
      credentials: many(FORGED_PER_SECOND, () => forged(hmacToken)),
    },
    {
      name: 'forged RS256 tokens',
      ...forgery,
      credentials: many(FORGED_PER_SECOND, () => forged(rsaToken)),
    },
    {
      name: 'tokens of unknown keys',
      ...forgery,
      credentials: many(FORGED_PER_SECOND, unknownKey),
    },
    {
      name: 'forged API keys',
      ...forgery,
      credentials: many(FORGED_PER_SECOND, () => mintApiKey().key),
    },
  ];
}

async function measure(
  bench: Bench,
  { perSecond, credentials }: Case,
  seconds: number,
): Promise<Round> {
  const { port, path, headers } = bench.gateway('gateway', bench.token('good'));
  const text = echoCall({}).body(0);
  const request = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${[...headers, PROBE_FROM].join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  const flooding =
    perSecond === 0
      ? null
      : flood({
          ...{ port, path, perSecond, seconds: seconds + 1, body: text },
          headers: [...CALL_HEADERS, FLOOD_FROM],
          credentials: credentials(),
        });
  if (flooding !== null) await pause(FLOOD_BEGINS_MS);
  // Else what is left of making credentials is collected during the probe: 10 ms of its own, seen as the gateway's.
  collectGarbage();
  const probe = await pacedLoop({
    port,
    perSecond: PROBE_PER_SECOND,
    seconds,
    connections: PROBE_CONNECTIONS,
    request: () => request,
  });
  return { probe, flooded: await flooding };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}

function statuses(results: readonly FloodResult[]): string {
  const sums = new Map<string, number>();
  for (const { byStatus } of results) {
    for (const [status, count] of Object.entries(byStatus)) {
      sums.set(status, (sums.get(status) ?? 0) + count);
    }
  }
  const told = Array.from(sums, ([status, count]) => `${count} × ${status}`);
  return told.length === 0 ? '-' : told.join(', ');
}
