/**
 * A server that speaks MongoDB's protocol, for the tests of the adapter: MONGODB_TEST_URI as it is, else
 * FerretDB 1.24 on SQLite, built once by Go from test/support/ferretdb, else none, with the reason. In CI a
 * machine with Go must not be without. A stand-in of our own would only test itself, so there is none.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MongoClient } from 'mongodb';
import type { Test } from 'tap';
import { FERRETDB_LACKS, type Capability } from './mongo-capabilities.js';

export interface MongoServer {
  /**
   * The URI of a database nobody used before, dropped when `t` ends. With `throughPort` it leads to that
   * port of 127.0.0.1 instead: to a proxy.
   */
  readonly newDatabase: (t: Test, throughPort?: number) => string;
  readonly host: string;
  readonly port: number;
  /** Why a case cannot be judged on this server; false when it can. */
  readonly lacks: (capability: Capability) => string | false;
}

/** One process that serves a directory of data, and can die. */
export interface MongoProcess {
  readonly uri: string;
  readonly host: string;
  readonly port: number;
  /** SIGKILL, awaited. Idempotent. */
  kill(): Promise<void>;
}

const SOURCES = fileURLToPath(new URL('./ferretdb/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/ferretdb/', import.meta.url));
/** A first build compiles all of FerretDB; 170 s were seen on two busy cores. */
const BUILD_TIMEOUT_MS = 900_000;

/**
 * The server, or the reason why there is none, which the caller shows with a skipped test. Rejects where
 * there must be one: a given URI that does not answer, or CI with Go. With the file's own `t` it is to be
 * awaited before the first test: tap ends a file that has nothing to do after one, and the server with it.
 */
export async function startMongoServer(t: Test): Promise<MongoServer | string> {
  const given = process.env['MONGODB_TEST_URI'];
  if (given !== undefined && given !== '') return serverAt(given);
  const own = await startMongoProcess(t, t.testdir());
  return typeof own === 'string' ? `no MONGODB_TEST_URI, and ${own}` : serverAt(own.uri);
}

/**
 * FerretDB on the files in `directory`, where another one may have died before; ends with `t`. Or the reason
 * why there is none; rejects in CI with Go.
 */
export async function startMongoProcess(
  t: Test,
  directory: string,
): Promise<MongoProcess | string> {
  try {
    return await startFerretDb(t, directory);
  } catch (error) {
    const isRequired = process.env['CI'] === 'true' && !isWithoutGo(error);
    if (isRequired) throw error;
    return `FerretDB did not start: ${String(error)}`;
  }
}

async function serverAt(uri: string): Promise<MongoServer> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 });
  try {
    const facts = await client.db('admin').command({ buildInfo: 1 });
    const isFerretDb = 'ferretdbVersion' in facts;
    const [first] = client.options.hosts;
    return {
      host: first?.host ?? '127.0.0.1',
      port: first?.port ?? 27017,
      lacks: (capability) => isFerretDb && FERRETDB_LACKS[capability],
      newDatabase: (t, throughPort) => {
        const name = `multi-mcp-test-${randomBytes(6).toString('hex')}`;
        t.teardown(() => dropDatabase(uri, name));
        const own = withDatabase(uri, name);
        if (throughPort === undefined) return own;
        return own.replace(/[^/@]+(?=\/multi-mcp-test)/, `127.0.0.1:${throughPort}`);
      },
    };
  } finally {
    await client.close();
  }
}

async function dropDatabase(uri: string, name: string): Promise<void> {
  const client = new MongoClient(uri);
  try {
    await client.db(name).dropDatabase();
  } finally {
    await client.close();
  }
}

/** The same server, another database; whoever may sign in keeps the database it signs in to. */
function withDatabase(uri: string, name: string): string {
  const [, start = '', path = '', query = ''] =
    /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(uri) ?? [];
  const options = new URLSearchParams(query);
  if (start.includes('@') && !options.has('authSource')) {
    options.set('authSource', path === '' ? 'admin' : path);
  }
  return `${start}/${name}?${options.toString()}`;
}

async function startFerretDb(t: Test, directory: string): Promise<MongoProcess> {
  const program = await buildFerretDb(t);
  const child = spawn(program, [directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(kill);
  const [uri] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`exit code ${String(code)}`))),
  ])) as [string];
  const { hostname: host, port } = new URL(uri);
  return { uri, host, port: Number(port), kill };
}

async function buildFerretDb(t: Test): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(SOURCES + file));
  const program = join(CACHE, hash.digest('hex').slice(0, 16));
  if (existsSync(program)) return program;
  t.setTimeout(BUILD_TIMEOUT_MS);
  mkdirSync(CACHE, { recursive: true });
  const flags = ['-trimpath', '-ldflags', '-s -w', '-tags', 'ferretdb_no_postgresql'];
  const build = ['go', 'build', ...flags, '-o', `${program}.part`, '.'];
  // Test files start in parallel: one builds, the others wait at the lock and then find it done.
  const script = `test -x '${program}' || { "$@" && mv '${program}.part' '${program}'; }`;
  await promisify(execFile)('go', ['version']);
  await promisify(execFile)('flock', [`${program}.lock`, 'sh', '-c', script, 'sh', ...build], {
    cwd: SOURCES,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: BUILD_TIMEOUT_MS,
  });
  return program;
}

function isWithoutGo(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'spawn go';
}
