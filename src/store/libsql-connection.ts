/**
 * One libsql connection shared by many processes' peers on the same file (WAL: readers never wait, one
 * writer at a time). libsql's calls are synchronous, so waiting for another process's write lock inside
 * SQLite would stop the event loop: we wait there for 10 ms at most, and between attempts in a timer.
 */
import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { makeFolder } from '../kernel/make-folder.js';

export type Statement = Database.Statement;

/** Longest stop of the event loop for a lock; a typical commit holds it for 0.1 ms (measured). */
const BUSY_TIMEOUT_MS = 10;
/** The store port's promise: no call waits longer. */
const WRITE_DEADLINE_MS = 2000;

export class LibsqlConnection {
  readonly #database: Database.Database;
  readonly #path: string;
  readonly #inode: number;
  #isClosed = false;

  /** `mustExist`: throws where there is no such file, and makes nothing. */
  constructor(path: string, mustExist = false) {
    // Made before SQLite does, because its -wal and -shm files take over the mode of this one.
    if (!mustExist) makeFolder(dirname(path), 0o700);
    closeSync(openSync(path, mustExist ? 'r+' : 'a', 0o600));
    chmodSync(path, 0o600);
    this.#path = path;
    this.#inode = statSync(path).ino;
    this.#database = new Database(path);
    this.#database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }

  prepare(sql: string): Statement {
    return this.#database.prepare(sql);
  }

  /** Turns on write-ahead logging; waits for other processes that open the file at the same moment. */
  async useWriteAheadLog(): Promise<void> {
    await this.#whileBusy(() => {
      this.#database.pragma('journal_mode = WAL');
      this.#database.pragma('synchronous = NORMAL');
    });
  }

  async read<Result>(work: () => Result): Promise<Result> {
    return this.#whileBusy(work);
  }

  /** Undefined where it would have to be tried again, or fails: `read` tells. */
  readNow<Result>(work: () => Result): Result | undefined {
    if (this.#isClosed) return undefined;
    try {
      return work();
    } catch {
      return undefined; // Asked again by `read`, whose error is told.
    }
  }

  /** Runs one statement, which is atomic by itself. It may run again, but only after it changed nothing. */
  async write<Result>(work: () => Result): Promise<Result> {
    return this.#whileBusy(work);
  }

  /** Runs `work` inside one transaction that holds the write lock from its start; all of it or nothing. */
  async writeAll<Result>(work: () => Result): Promise<Result> {
    return this.#whileBusy(() => this.#transact(work));
  }

  /** As writeAll, and on disk before it resolves: a revoked key must not return after a power cut. */
  async writeDurably<Result>(work: () => Result): Promise<Result> {
    return this.#whileBusy(() => {
      this.#database.pragma('synchronous = FULL');
      try {
        return this.#transact(work);
      } finally {
        this.#database.pragma('synchronous = NORMAL');
      }
    });
  }

  /**
   * Throws where the path no longer leads to the file that is open. SQLite goes on with that one and notices nothing, but
   * a process that starts now would open another.
   */
  checkPlace(): void {
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) return;
    throw new GatewayError('GW_STORE_UNAVAILABLE', {
      hint: `${this.#path} was moved, removed or replaced while it was open: put it back, or restart the gateway.`,
      retryAfterMs: 1000,
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#database.close();
  }

  #transact<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  async #whileBusy<Result>(attempt: () => Result): Promise<Result> {
    const deadlineMs = monotonicMs() + WRITE_DEADLINE_MS;
    for (;;) {
      // libsql goes on answering through prepared statements after close(); nobody else should.
      if (this.#isClosed) throw unavailable(new Error('the store is closed'));
      try {
        return attempt();
      } catch (error) {
        if (error instanceof GatewayError) throw error;
        if (!isBusy(error) || monotonicMs() > deadlineMs) throw unavailable(error);
      }
      // Random, so that processes which met at the lock do not meet again.
      await sleep(1 + Math.random() * 9);
    }
  }
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Clients see it too: no paths. */
const HINTS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'The disk of the data folder is full. Free some space.',
  SQLITE_READONLY: 'The data folder is read-only.',
};

function unavailable(cause: unknown): GatewayError {
  const hint = HINTS[codeOf(cause)];
  return new GatewayError('GW_STORE_UNAVAILABLE', {
    cause,
    ...(hint !== undefined && { hint }),
    retryAfterMs: 1000,
  });
}
