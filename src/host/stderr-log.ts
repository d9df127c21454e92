/**
 * What a child prints on stderr goes to the log, at a rate that no child can push up: so many lines,
 * then a count of what was left out. Reading itself is bounded too: a child that floods stderr is
 * slowed down by its full pipe rather than costing the host a core.
 */
import type { Logger } from 'pino';
import { TokenBucket } from '../policy/token-bucket.js';
import { LineSplitter } from './line-splitter.js';

const MAX_LINE_BYTES = 8 * 1024;
/** RELIABILITY §6 row 19 caps a log field at 1 KiB. */
const MAX_LOGGED_CHARS = 1024;
const LINES_BURST = 50;
const LINES_PER_SECOND = 10;
const READ_BYTES_PER_SECOND = 4 * 1024 * 1024;
const PAUSE_MS = 250;
/** Kept to explain an exit. */
const LAST_LINES = 5;

export interface StderrLogOptions {
  readonly log: Logger;
  readonly nowMs: () => number;
  /** Stops reading for this long. */
  readonly pause: (forMs: number) => void;
}

export class StderrLog {
  readonly #options: StderrLogOptions;
  readonly #lines: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #splitter: LineSplitter;
  readonly #last: string[] = [];
  #suppressedLines = 0;

  constructor(options: StderrLogOptions) {
    const nowMs = options.nowMs();
    this.#options = options;
    this.#lines = new TokenBucket(
      { capacity: LINES_BURST, refillPerSecond: LINES_PER_SECOND },
      nowMs,
    );
    this.#bytes = new TokenBucket(
      { capacity: READ_BYTES_PER_SECOND, refillPerSecond: READ_BYTES_PER_SECOND },
      nowMs,
    );
    const onLine = (line: Buffer): void => {
      this.#onLine(line);
    };
    this.#splitter = new LineSplitter(MAX_LINE_BYTES, { onLine, onOverlong: onLine });
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk);
    if (this.#bytes.take(this.#options.nowMs(), chunk.length) > 0) this.#options.pause(PAUSE_MS);
  }

  /** The child is gone: the last line and the count of what was left out are logged. */
  end(): void {
    this.#splitter.end();
    if (this.#suppressedLines > 0) this.#reportSuppressed();
  }

  /** The last lines, for the log entry that reports the exit. */
  lastLines(): readonly string[] {
    return this.#last;
  }

  #onLine(line: Buffer): void {
    const text = line.toString('utf8', 0, MAX_LOGGED_CHARS);
    if (text === '') return;
    if (this.#last.length === LAST_LINES) this.#last.shift();
    this.#last.push(text);
    if (this.#lines.take(this.#options.nowMs()) > 0) {
      this.#suppressedLines += 1;
      return;
    }
    if (this.#suppressedLines > 0) this.#reportSuppressed();
    this.#options.log.info({ stderr: text }, 'server wrote to stderr');
  }

  #reportSuppressed(): void {
    const { log } = this.#options;
    log.warn({ suppressedLines: this.#suppressedLines }, 'server wrote too much to stderr');
    this.#suppressedLines = 0;
  }
}
