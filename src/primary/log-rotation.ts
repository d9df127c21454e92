/**
 * Turns the logs over at local midnight: new names, new files for every process, compression once nobody
 * writes to the old ones, deletion when they are too old. Only the primary does it. What to do is decided
 * anew from the folder every time (policy/rotation-plan.ts); a step that fails is tried again a minute later.
 *
 * An archive gets its name by link(2), which never replaces a file, and loses its uncompressed form only
 * after it has not changed for a grace, nor during its compression.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, open, readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { wallDate } from '../kernel/clock.js';
import { UNFINISHED } from '../policy/log-archive-name.js';
import {
  nextMidnight,
  rotationPlan,
  type PresentFile,
  type RotationStep,
} from '../policy/rotation-plan.js';
import type { ProgramLog } from '../telemetry/log.js';
import type { ProcessTree } from './process-tree.js';

export interface LogRotationOptions {
  readonly directory: string;
  /** Names of the files that are written, each ending in `.log`. */
  readonly logs: readonly string[];
  /** The one that is open as long as the gateway runs: without its name nobody could read what is written. Default none. */
  readonly alwaysThere?: string;
  readonly retentionDays: number;
  /** Tells every process to open its logs again, this one included. */
  readonly reopen: () => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Default 60 s: far longer than any process takes to reopen. */
  readonly graceMs?: number;
  /** Default: the wall clock. */
  readonly now?: () => Date;
}

const CHECK_PERIOD_MS = 60_000;
const GRACE_MS = 60_000;
/** Both logs say their time within the first few fields. */
const HEAD_BYTES = 512;
/** A line that was buffered at midnight is the first of the new file; it does not make that file an old one. */
const LATE_LINE_MS = 10_000;
/** Timers may fire a millisecond early. */
const PAST_MIDNIGHT_MS = 5;

/** The rotation of a gateway's two logs; `start` it before the tree. */
export function rotateLogs(
  config: Config,
  programLog: ProgramLog,
  tree: Pick<ProcessTree, 'broadcast' | 'broadcastToHosts'>,
): LogRotation {
  return new LogRotation({
    directory: config.logDir,
    logs: ['multi-mcp-production.log', 'requests.log'],
    alwaysThere: 'multi-mcp-production.log',
    retentionDays: config.logRetentionDays,
    reopen: () => {
      programLog.reopen();
      tree.broadcast({ type: 'reopen-logs' });
      tree.broadcastToHosts({ type: 'host-reopen-logs' });
    },
    log: programLog.log,
  });
}

export class LogRotation {
  readonly #options: LogRotationOptions;
  readonly #now: () => Date;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> = Promise.resolve();
  #isFailing = false;
  #isClosed = false;

  constructor(options: LogRotationOptions) {
    this.#options = options;
    this.#now = options.now ?? wallDate;
  }

  /** Resolves after the first check, and checks on by itself until `close`. Never rejects. */
  async start(): Promise<void> {
    await this.check();
    if (this.#isClosed) return;
    const untilMidnightMs = nextMidnight(this.#now()).getTime() - this.#now().getTime();
    // Never one long timer: a suspended machine or a corrected clock would miss the day's end.
    const delayMs = Math.min(CHECK_PERIOD_MS, untilMidnightMs + PAST_MIDNIGHT_MS);
    this.#timer = setTimeout(() => void this.start(), delayMs).unref();
  }

  /** Does what the folder needs now. Never rejects; checks run one after another. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#check());
    return this.#checking;
  }

  /** Opens the logs again without turning them over: somebody else renamed them. */
  reopen(): void {
    this.#options.reopen();
  }

  /** Resolves when no file is touched any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#checking;
  }

  async #check(): Promise<void> {
    const failures: unknown[] = [];
    try {
      const { logs, retentionDays, graceMs = GRACE_MS, reopen } = this.#options;
      if (await this.#areGone()) {
        reopen();
        const { log, directory } = this.#options;
        log.error({ directory }, 'the log files were moved or removed; new ones are made');
        return;
      }
      const present = await this.#present();
      const current = await Promise.all(
        logs.map(async (name) => ({ name, beganAt: await this.#beganAt(name) })),
      );
      const { steps, waiting } = rotationPlan({
        now: this.#now(),
        logs: current,
        present,
        retentionDays,
        graceMs,
      });
      let mustReopen = waiting.length > 0;
      const isMove = ({ kind }: RotationStep): boolean => kind === 'archive' || kind === 'unname';
      for (const step of steps.filter(isMove)) {
        if (await this.#try(step, failures)) mustReopen = true;
      }
      if (mustReopen) reopen();
      for (const step of steps.filter((each) => !isMove(each))) {
        if (this.#isClosed) return;
        await this.#try(step, failures);
      }
    } catch (thrown) {
      failures.push(thrown);
    }
    this.#report(failures);
  }

  async #try(step: RotationStep, failures: unknown[]): Promise<boolean> {
    try {
      await this.#apply(step);
      return true;
    } catch (thrown) {
      failures.push(thrown);
      return false;
    }
  }

  async #apply(step: RotationStep): Promise<void> {
    switch (step.kind) {
      case 'archive':
        await link(this.#path(step.file), this.#path(step.archive));
        await unlink(this.#path(step.file));
        return;
      case 'unname':
      case 'delete':
        await unlink(this.#path(step.file));
        return;
      case 'compress':
        await this.#compress(step);
    }
  }

  async #compress(step: RotationStep & { kind: 'compress' }): Promise<void> {
    const source = this.#path(step.file);
    const unfinished = `${source}${UNFINISHED}`;
    try {
      const before = await stat(source);
      await pipeline(
        createReadStream(source),
        createGzip(),
        createWriteStream(unfinished, { mode: before.mode & 0o777, flush: true }),
      );
      const after = await stat(source);
      // Somebody wrote meanwhile: what came late is in the next attempt.
      if (after.size !== before.size || after.ctimeMs !== before.ctimeMs) return;
      await utimes(unfinished, before.atime, before.mtime);
      await this.#publish(unfinished, step);
      await unlink(source);
    } finally {
      await unlink(unfinished).catch(() => undefined); // Its content has a name by now, or is tried again.
    }
  }

  async #publish(unfinished: string, step: RotationStep & { kind: 'compress' }): Promise<void> {
    const compressed = this.#path(step.compressed);
    try {
      await link(unfinished, compressed);
    } catch (thrown) {
      if (!hasCode(thrown, 'EEXIST')) throw thrown;
      // Published by a process that ended before it could remove the source, or somebody else's file.
      if (await haveEqualBytes(unfinished, compressed)) return;
      await link(unfinished, this.#path(step.spare));
    }
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }

  async #areGone(): Promise<boolean> {
    const { alwaysThere } = this.#options;
    if (alwaysThere === undefined) return false;
    return (await stat(this.#path(alwaysThere)).catch(ifAbsent)) === null;
  }

  async #present(): Promise<PresentFile[]> {
    const stems = this.#options.logs.map((name) => name.slice(0, -'.log'.length));
    const names = (await readdir(this.#options.directory)).filter((name) =>
      stems.some((stem) => name.startsWith(stem)),
    );
    const files: PresentFile[] = [];
    for (const name of names) {
      const stats = await stat(this.#path(name)).catch(() => null); // Removed meanwhile.
      if (stats?.isFile() !== true) continue;
      files.push({ name, changedAt: stats.ctime, inode: stats.ino });
    }
    return files;
  }

  async #beganAt(name: string): Promise<Date | null> {
    const stats = await stat(this.#path(name)).catch(() => null);
    if (stats === null || stats.size === 0) return null;
    const firstAt = await firstTime(this.#path(name));
    return firstAt === null ? stats.mtime : new Date(firstAt.getTime() + LATE_LINE_MS);
  }

  /** Once when it begins to fail and once when it works again: a full disk lasts for many checks. */
  #report(failures: readonly unknown[]): void {
    if (failures.length > 0 && !this.#isFailing) {
      const [err] = failures;
      this.#options.log.warn({ err }, 'log rotation failed; it is tried again every minute');
    } else if (failures.length === 0 && this.#isFailing) {
      this.#options.log.info('log rotation works again');
    }
    this.#isFailing = failures.length > 0;
  }
}

async function firstTime(path: string): Promise<Date | null> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const [, text = ''] =
      /"time":"([^"]+)"/.exec(buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0] ?? '') ?? [];
    const time = new Date(text);
    return Number.isNaN(time.getTime()) ? null : time;
  } finally {
    await file.close();
  }
}

async function haveEqualBytes(one: string, other: string): Promise<boolean> {
  return (await digest(one)) === (await digest(other));
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function ifAbsent(thrown: unknown): null {
  if (hasCode(thrown, 'ENOENT')) return null;
  throw thrown;
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
