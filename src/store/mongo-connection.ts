/**
 * One driver client, held to the store port's promise: no call waits longer than 2 s, and whatever goes
 * wrong below becomes GW_STORE_UNAVAILABLE. The driver's own default waits 30 s for a server and for ever
 * for an answer, and since 7.9 its `timeoutMS` has no effect: the deadline is ours, and the driver's
 * timeouts of each step only see to it that what was given up ends soon after.
 * While the server is away one call at a time tries it and the others are refused at once, so that an
 * outage costs every request nothing; the first answer ends it.
 */
import { MongoClient, MongoServerError, type Db } from 'mongodb';
import { GatewayError } from '../kernel/errors.js';
import { mongoAddress, StoreAddressError } from './mongo-address.js';

/** The store port's promise. */
const DEADLINE_MS = 2000;
/** Chosen: each of a handful of processes opens at most so many; 10 calls of 1 ms are 10 000 a second. */
const MAX_POOL_SIZE = 10;

export interface MongoConnectionOptions {
  /** Connections this process opens at most. Default 10. */
  readonly maxPoolSize?: number;
  /** Default 2000, the store port's promise; longer only for tests on a loaded machine. */
  readonly deadlineMs?: number;
}

export class MongoConnection {
  /** Adapter and place for people; never credentials. */
  readonly description: string;
  readonly #open: () => MongoClient;
  readonly #databaseName: string;
  #client: MongoClient;
  /** Whether the present client ever got an answer. */
  #hasConnected = false;
  readonly #deadlineMs: number;
  #away: { readonly cause: unknown; isTried: boolean } | null = null;
  #isClosed = false;

  /** Opens nothing yet. Throws StoreAddressError for a URI the driver does not accept. */
  constructor(uri: string, options: MongoConnectionOptions = {}) {
    const { maxPoolSize = MAX_POOL_SIZE, deadlineMs = DEADLINE_MS } = options;
    const address = mongoAddress(uri);
    this.#deadlineMs = deadlineMs;
    this.#databaseName = address.database;
    this.description = `mongodb (${address.hosts}/${address.database})`;
    this.#open = () =>
      new MongoClient(uri, {
        appName: 'multi-mcp',
        serverSelectionTimeoutMS: deadlineMs,
        waitQueueTimeoutMS: deadlineMs,
        connectTimeoutMS: deadlineMs,
        socketTimeoutMS: deadlineMs,
        maxPoolSize,
        // A secondary may not know of a revocation yet, and a member that falls must not take one back.
        readPreference: 'primary',
        writeConcern: { w: 'majority', journal: true, wtimeoutMS: deadlineMs },
      });
    try {
      this.#client = this.#open();
    } catch (error) {
      // Without the cause: the driver's errors for a malformed URI may carry it, password included.
      const reason = error instanceof Error ? error.message.replace(/\/\/[^@]*@/g, '//***@') : '';
      throw new StoreAddressError(`MONGODB_URI is not a valid connection string: ${reason}`);
    }
  }

  /**
   * Runs `work` once. A GatewayError passes through; all else rejects with GW_STORE_UNAVAILABLE, and
   * then a write may or may not have happened.
   */
  async run<Result>(work: (database: Db) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw unavailable(new Error('the store is closed'));
    const away = this.#away;
    if (away?.isTried === true) throw unavailable(away.cause);
    if (away !== null) away.isTried = true;
    const client = this.#client;
    try {
      const result = await beforeDeadline(work(client.db(this.#databaseName)), this.#deadlineMs);
      this.#away = null;
      this.#hasConnected = true;
      return result;
    } catch (error) {
      this.#away = isAnswer(error) ? null : { cause: error, isTried: false };
      if (!isAnswer(error)) this.#replaceIfDead(client);
      throw error instanceof GatewayError ? error : unavailable(error);
    }
  }

  /** A client whose first connection failed answers "Topology is closed" for ever (driver 7): another one tries. */
  #replaceIfDead(client: MongoClient): void {
    if (this.#hasConnected || this.#isClosed || client !== this.#client) return;
    this.#client = this.#open();
    // What fails to close ends with its sockets.
    client.close().catch(() => undefined);
  }

  /** Never rejects, and waits for no server that does not answer. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // What fails to close ends with its sockets, and nobody could do more about it.
    await beforeDeadline(this.#client.close(), this.#deadlineMs).catch(() => undefined);
  }
}

/** An error that the server, or our own reading of its answer, gave: it is not away. */
function isAnswer(error: unknown): boolean {
  if (error instanceof MongoServerError) return true;
  return error instanceof GatewayError;
}

/** What inserting an `_id` that exists, and losing a race to create one, answer. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 11000;
}

async function beforeDeadline<Result>(work: Promise<Result>, deadlineMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('GW_STORE_UNAVAILABLE', { cause, retryAfterMs: 1000 });
}
