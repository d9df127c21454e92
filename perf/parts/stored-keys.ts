/**
 * Whether a call stays as cheap when the store holds a million API keys: with a key that is cached, and
 * with keys that are met for the first time. With `MONGODB_TEST_URI` set, in MongoDB as well.
 */
import { createSecretKey } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { mintApiKey, hashApiKey } from '../../src/gateway/api-key.js';
import { deriveKey } from '../../src/kernel/derive-key.js';
import { openStore } from '../../src/store/open-store.js';
import { loadOrCreateSecret } from '../../src/store/secret-files.js';
import type { ApiKeyRecord } from '../../src/store/store.js';
import { echoCall, measureHops, type HopTarget } from '../hop-cost.js';
import type { Cell, Part } from '../part.js';
import { openBench, type Bench } from '../targets/bench.js';

const CONNECTIONS = 50;
const BATCH_KEYS = 10_000;
const MASTER_KEY_BYTES = 32;

interface Case {
  readonly store: string;
  readonly mongodbUri: string | undefined;
  readonly keys: number;
}

export const storedKeys: Part = {
  name: 'stored-keys',
  about: 'cost of a call with up to 1,000,000 API keys in the store (MONGODB_TEST_URI too)',
  run: async ({ isQuick, workers }) => {
    const calls = isQuick ? 2_000 : 10_000;
    const rounds = isQuick ? 2 : 4;
    const rows: Cell[][] = [];
    for (const { store, mongodbUri, keys } of casesOf(isQuick)) {
      await using bench = await openBench({
        workers,
        ...(mongodbUri !== undefined && { mongodbUri }),
      });
      // Each round of calls meets keys that no call has used before.
      const fresh = await fill(bench, mongodbUri, keys, calls * (rounds + 1));
      const [known, first] = await measureHops(
        [bench.gateway('known', bench.apiKey), withKeys(bench, fresh, calls)],
        { call: echoCall(), connections: CONNECTIONS, calls, warmUpCalls: calls, rounds },
      );
      if (mongodbUri !== undefined) await drop(mongodbUri);
      rows.push([
        `${keys} in ${store}`,
        known?.cpuMicrosPerCall ?? NaN,
        first?.cpuMicrosPerCall ?? NaN,
        known?.p50Ms ?? NaN,
        first?.p50Ms ?? NaN,
        first?.p99Ms ?? NaN,
        (known?.wrong ?? 0) + (known?.lost ?? 0) + (first?.wrong ?? 0) + (first?.lost ?? 0),
      ]);
    }
    return [
      {
        title: 'One call by the number of API keys in the store',
        method:
          'Known: one key that every worker has cached. First: every call brings a key that no call brought before, so each is looked up and its hash made; later calls of that key cost what a known one costs. CPU of the gateway’s processes, in which the embedded store runs; a MongoDB server’s own CPU is not counted.',
        columns: [
          'keys',
          'CPU µs/call, known',
          'first',
          'p50 ms, known',
          'first',
          'p99 ms, first',
          'wrong or lost',
        ],
        rows,
        plot: 'CPU µs/call, known',
      },
    ];
  },
};

function casesOf(isQuick: boolean): readonly Case[] {
  // The fewest are as many as are used.
  const counts = isQuick ? [6_000, 20_000] : [50_000, 1_000_000];
  const server = process.env['MONGODB_TEST_URI'];
  const embedded = counts.map((keys) => ({
    store: 'the embedded store',
    mongodbUri: undefined,
    keys,
  }));
  if (server === undefined) return embedded;
  const inMongo = counts.map((keys) => {
    const uri = new URL(server);
    uri.pathname = `/multi-mcp-perf-${process.pid}-${keys}`;
    return { store: 'MongoDB', mongodbUri: uri.href, keys };
  });
  return [...embedded, ...inMongo];
}

async function drop(uri: string): Promise<void> {
  const client = await MongoClient.connect(uri);
  await client.db().dropDatabase();
  await client.close();
}

/** Puts `count` keys into the gateway's store; returns the first `wanted` of them, as their holders have them. */
async function fill(
  bench: Bench,
  mongodbUri: string | undefined,
  count: number,
  wanted: number,
): Promise<readonly string[]> {
  const { dataDir } = bench;
  const master = await loadOrCreateSecret({ dataDir, name: 'master-key', bytes: MASTER_KEY_BYTES });
  const pepper = createSecretKey(deriveKey(master, 'pepper'));
  const store = await openStore({ dataDir, mongodbUri: mongodbUri ?? null });
  const holders: string[] = [];
  try {
    for (let from = 0; from < count; from += BATCH_KEYS) {
      const batch: ApiKeyRecord[] = [];
      for (let n = from; n < Math.min(count, from + BATCH_KEYS); n += 1) {
        const { id, key } = mintApiKey();
        if (holders.length < wanted) holders.push(key);
        batch.push(record(id, hashApiKey(key, pepper), n));
      }
      await store.keys.restore(batch);
    }
  } finally {
    await store.close();
  }
  return holders;
}

function record(id: string, hash: string, n: number): ApiKeyRecord {
  return {
    id,
    user: `user-${n}`,
    hash,
    pepperVersion: 1,
    label: '',
    servers: null,
    tools: null,
    limits: null,
    isAdmin: false,
    createdAt: new Date(n * 1000).toISOString(),
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    useCount: 0,
  };
}

function withKeys(bench: Bench, keys: readonly string[], callsARound: number): HopTarget {
  const target = bench.gateway('first', '');
  const shared = target.headers.filter((line) => !line.startsWith('Authorization'));
  let round = -1;
  return {
    ...target,
    headers: shared,
    headersOf: (n) => {
      if (n === 0) round += 1;
      return [`Authorization: Bearer ${keys[(round * callsARound + n) % keys.length] ?? ''}`];
    },
  };
}
