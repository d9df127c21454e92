/**
 * Appends lines to a file that other processes append to as well (O_APPEND), in batches, off the event
 * loop, one write at a time. It never blocks and never grows without bound: while the disk is full or a
 * pipe's reader asleep, lines wait, then are dropped and counted; when there is room again, what waited is
 * written. A line that was cut off by a full disk is written again whole, on a line of its own.
 */
import { close, open, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../kernel/make-folder.js';

export interface LineFileOptions {
  /** About so much waits for a failing disk; beyond it lines are dropped. Default 8 MiB. */
  readonly maxQueuedChars?: number;
  /** How often a part of a batch is written, and a failed write tried again. Default 500. */
  readonly periodMs?: number;
}

/** Large enough that the write's own cost is shared by hundreds of lines; small enough to be soon on disk. */
const BATCH_CHARS = 64 * 1024;
const MAX_QUEUED_CHARS = 8 * 1024 * 1024;
const PERIOD_MS = 500;
const NEWLINE = 0x0a;

export class LineFile {
  readonly #path: string | null;
  readonly #maxQueuedChars: number;
  readonly #timer: NodeJS.Timeout;
  #fd: number;
  /** Lines that no write has taken yet. */
  #pending = '';
  /** What a write has taken and not finished; stays while it fails. */
  #unwritten: Buffer | null = null;
  #isWriting = false;
  #hasFailed = false;
  #isOpening = false;
  /** Of the file before a reopen, until the write under way has ended. */
  #closing: number[] = [];
  #dropped = 0;

  /** `target`: a file's path, made if absent; or the number of a stream that is open. Throws the system's error. */
  constructor(target: string | number, options: LineFileOptions = {}) {
    this.#path = typeof target === 'string' ? target : null;
    this.#maxQueuedChars = options.maxQueuedChars ?? MAX_QUEUED_CHARS;
    if (typeof target === 'string') makeFolder(dirname(target));
    this.#fd = typeof target === 'string' ? openSync(target, 'a') : target;
    this.#timer = setInterval(() => {
      this.#writeNext();
    }, options.periodMs ?? PERIOD_MS).unref();
  }

  /** `line` ends in a newline. */
  write(line: string): void {
    const queuedChars = this.#pending.length + (this.#unwritten?.length ?? 0);
    if (queuedChars + line.length > this.#maxQueuedChars) {
      this.#dropped += 1;
      return;
    }
    this.#pending += line;
    if (this.#pending.length >= BATCH_CHARS && !this.#hasFailed) this.#writeNext();
  }

  /** Lines lost since the start. */
  dropped(): number {
    return this.#dropped;
  }

  /** After a rotation, or a removal of the folder: further writes go to a new file of the same name. */
  reopen(): void {
    if (this.#path === null || this.#isOpening) return;
    this.#isOpening = true;
    try {
      makeFolder(dirname(this.#path));
    } catch {
      // The opening fails for the same reason.
    }
    open(this.#path, 'a', (error, fd) => {
      this.#isOpening = false;
      // Without a new file the old one serves on; the rotation asks again.
      if (error !== null) return;
      this.#closing.push(this.#fd);
      this.#fd = fd;
      this.#closeOld();
    });
  }

  /** Writes what waits, synchronously: for the end of the process. Not to a stream whose reader sleeps. */
  flushSync(): void {
    if (this.#isWriting && this.#path === null) return;
    const rest = this.#isWriting ? null : this.#unwritten;
    const text = this.#pending;
    this.#pending = '';
    if (!this.#isWriting) this.#unwritten = null;
    try {
      if (rest !== null) writeSync(this.#fd, rest);
      if (text !== '') writeSync(this.#fd, this.#broken(text));
    } catch {
      // The disk is full: there is no later.
    }
  }

  /** Ends the periodic writes; what waits is flushed. */
  end(): void {
    clearInterval(this.#timer);
    this.flushSync();
  }

  #writeNext(): void {
    if (this.#isWriting) return;
    if (this.#unwritten === null) {
      if (this.#pending === '') return;
      this.#unwritten = Buffer.from(this.#broken(this.#pending));
      this.#pending = '';
    } else if (this.#hasFailed && this.#unwritten[0] !== NEWLINE) {
      this.#unwritten = Buffer.concat([Buffer.of(NEWLINE), this.#unwritten]);
    }
    this.#isWriting = true;
    this.#writeFrom(this.#unwritten, 0);
  }

  /** After a failure the file may end inside a line, of this process or of another: a new line begins. */
  #broken(text: string): string {
    return this.#hasFailed ? `\n${text}` : text;
  }

  #writeFrom(bytes: Buffer, from: number): void {
    write(this.#fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error !== null) {
        this.#failed(error, bytes, from);
        return;
      }
      if (from + written < bytes.length) {
        this.#writeFrom(bytes, from + written);
        return;
      }
      this.#unwritten = null;
      this.#hasFailed = false;
      this.#ended();
      if (this.#pending.length >= BATCH_CHARS) this.#writeNext();
    });
  }

  #failed(error: NodeJS.ErrnoException, bytes: Buffer, from: number): void {
    // A pipe that is full goes on in the middle; a file may have lines of others there by then.
    const isPipe = error.code === 'EAGAIN';
    const lineStart = from === 0 ? 0 : bytes.lastIndexOf(NEWLINE, from - 1) + 1;
    this.#unwritten = bytes.subarray(isPipe ? from : lineStart);
    this.#hasFailed = !isPipe;
    this.#ended();
  }

  #ended(): void {
    this.#isWriting = false;
    this.#closeOld();
  }

  #closeOld(): void {
    if (this.#isWriting) return;
    for (const fd of this.#closing.splice(0)) close(fd);
  }
}
