/**
 * A channel to one stdio child: one JSON message a line each way. Lines on stdout that are not
 * messages are dropped and counted, because many servers print banners there; a line above the cap, or
 * a child that lets its queue grow without reading or closes one of its pipes, breaks the protocol and is killed.
 * Spec: MCP 2025-11-25 and 2026-07-28 basic/transports, stdio.
 */
import type { Logger } from 'pino';
import { GatewayError } from '../kernel/errors.js';
import { scanBody } from '../mcp/scan-message.js';
import { TokenBucket } from '../policy/token-bucket.js';
import type { Channel, ChannelListener } from './channel.js';
import { ChildProcess, type ChildEnd, type ChildSpec, type ChildTiming } from './child-process.js';
import { LineSplitter } from './line-splitter.js';
import { asOneLine } from './one-line.js';
import { StderrLog } from './stderr-log.js';

export interface StdioChannelOptions {
  readonly spec: ChildSpec;
  readonly timing: ChildTiming;
  readonly maxLineBytes: number;
  /** Bytes waiting for the child from which on another message ends it. */
  readonly maxQueuedBytes: number;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly listener: ChannelListener;
  /** Called once for a child that really started. */
  readonly onStarted: (pid: number) => void;
  /** Called for the first message of the child. */
  readonly onSpoke: () => void;
  readonly onDroppedLine: () => void;
  /** Called once when nothing is left of it; after the listener's `onClose`. */
  readonly onGone: (gone: ChannelEnd) => void;
}

export interface ChannelEnd {
  readonly pid: number | null;
  readonly hadSpoken: boolean;
  /** It ended on our request, so its end says nothing about it. */
  readonly wasClosed: boolean;
  readonly error: GatewayError;
}

/** Dropped lines are logged with a sample, five at once, then one in ten seconds. */
const DROPPED_LOG = { capacity: 5, refillPerSecond: 0.1 };
const SAMPLE_CHARS = 200;

const BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const BRACKET = 0x5b;

export class StdioChannel implements Channel {
  readonly #options: StdioChannelOptions;
  readonly #child: ChildProcess;
  readonly #stderr: StderrLog;
  readonly #droppedLog: TokenBucket;
  #droppedLines = 0;
  #hadSpoken = false;
  #wasClosed = false;
  /** Set as soon as the listener heard of the end. */
  #error: GatewayError | null = null;
  #writable: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  /** Starts the child. */
  constructor(options: StdioChannelOptions) {
    this.#options = options;
    const { log, nowMs } = options;
    this.#droppedLog = new TokenBucket(DROPPED_LOG, nowMs());
    const stdout = new LineSplitter(options.maxLineBytes, {
      onLine: (line) => {
        this.#onLine(line);
      },
      onOverlong: () => {
        this.#breakOff(
          `A message is longer than ${options.maxLineBytes} bytes; "maxLineBytes" is the limit.`,
        );
      },
    });
    this.#stderr = new StderrLog({
      log,
      nowMs,
      pause: (forMs) => {
        this.#child.pauseStderr(forMs);
      },
    });
    this.#child = new ChildProcess(options.spec, options.timing, {
      onStdout: (chunk) => {
        if (this.#error === null) stdout.push(chunk);
      },
      onStderr: (chunk) => {
        this.#stderr.push(chunk);
      },
      onDrain: () => {
        this.#releaseWriters();
      },
      onCutOff: (pipe) => {
        this.#breakOff(`It closed its ${pipe} and runs on.`);
      },
      onEnd: (end) => {
        if (this.#error === null) stdout.end();
        this.#onEnd(end);
      },
    });
    if (this.#child.pid !== undefined) options.onStarted(this.#child.pid);
  }

  send(message: Uint8Array): boolean {
    if (this.#error !== null || this.#wasClosed) return true;
    if (this.#child.queuedBytes > this.#options.maxQueuedBytes) {
      this.#breakOff('It does not read its messages.');
      return true;
    }
    return this.#child.write(asOneLine(message));
  }

  writable(): Promise<void> {
    if (this.#error !== null || this.#wasClosed || !this.#child.isFull) {
      return Promise.resolve();
    }
    if (this.#writable === null) {
      let resolve: () => void = () => undefined;
      const promise = new Promise<void>((settle) => {
        resolve = settle;
      });
      this.#writable = { promise, resolve };
    }
    return this.#writable.promise;
  }

  cancel(): void {
    // A child hears of a cancellation by message only.
  }

  close(): Promise<void> {
    // Who hears of its end closes it; it had ended by itself all the same.
    this.#wasClosed ||= this.#error === null;
    this.#releaseWriters();
    return this.#child.close();
  }

  #onLine(line: Buffer): void {
    if (this.#error !== null || line.length === 0) return;
    const messages = messagesOf(line);
    if (messages.length === 0) {
      this.#drop(line);
      return;
    }
    if (!this.#hadSpoken) {
      this.#hadSpoken = true;
      this.#options.onSpoke();
    }
    for (const message of messages) this.#options.listener.onMessage(message);
  }

  #drop(line: Buffer): void {
    this.#droppedLines += 1;
    this.#options.onDroppedLine();
    if (this.#droppedLog.take(this.#options.nowMs()) > 0) return;
    this.#options.log.warn(
      { droppedLines: this.#droppedLines, sample: line.toString('utf8', 0, SAMPLE_CHARS) },
      'server printed something that is no message to stdout',
    );
  }

  /** The child broke the protocol: what is in flight fails now, and it is killed with its group. */
  #breakOff(hint: string): void {
    if (this.#error !== null) return;
    const error = new GatewayError('GW_UPSTREAM_PROTOCOL', {
      hint,
      log: { childPid: this.#child.pid ?? null },
    });
    this.#options.log.error({ childPid: this.#child.pid, hint }, 'server process killed');
    this.#tell(error);
    void this.#child.kill();
  }

  #onEnd(end: ChildEnd): void {
    this.#stderr.end();
    const error = this.#error ?? this.#endError(end);
    this.#tell(error);
    const { onGone } = this.#options;
    onGone({
      pid: this.#child.pid ?? null,
      hadSpoken: this.#hadSpoken,
      wasClosed: this.#wasClosed,
      error,
    });
  }

  #endError(end: ChildEnd): GatewayError {
    const { spec, log } = this.#options;
    if (end.kind === 'spawn-failed') {
      const error = spawnError(end.error, spec);
      log.error(
        { problem: end.error.message, command: spec.command, cwd: spec.cwd },
        'server did not start',
      );
      return error;
    }
    const facts = {
      childPid: this.#child.pid,
      exitCode: end.exitCode,
      signal: end.signal,
      lastStderr: this.#stderr.lastLines(),
    };
    if (this.#wasClosed) log.debug(facts, 'server process closed');
    else log.warn(facts, 'server process ended by itself');
    return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
      hint: this.#wasClosed ? 'Its process was stopped.' : 'Its process ended.',
      log: facts,
    });
  }

  #tell(error: GatewayError): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#releaseWriters();
    this.#options.listener.onClose(error);
  }

  #releaseWriters(): void {
    const waiting = this.#writable;
    this.#writable = null;
    waiting?.resolve();
  }
}

/** The messages of one line: one object, or the members of a batch (2025-03-26); empty for anything else. */
function messagesOf(line: Buffer): readonly Buffer[] {
  const trimmed = trimBlanks(line);
  if (trimmed[0] === BRACE && trimmed.at(-1) === CLOSING_BRACE) return [trimmed];
  if (trimmed[0] !== BRACKET) return [];
  try {
    const body = scanBody(trimmed);
    return body.isBatch ? body.messages.map((message) => message.bytes) : [];
  } catch {
    return []; // "[info] ready" and the like.
  }
}

function trimBlanks(line: Buffer): Buffer {
  let from = 0;
  let to = line.length;
  while (from < to && isBlank(line[from])) from += 1;
  while (to > from && isBlank(line[to - 1])) to -= 1;
  return line.subarray(from, to);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** The machine's or the gateway's want of room, which says nothing about the server. */
const WANT_HINTS: Readonly<Record<string, string>> = {
  EAGAIN: 'The system allows no more processes (ulimit -u).',
  EMFILE: 'It has no file free to start the server (ulimit -n).',
  ENFILE: 'The system has no file free to start the server.',
  ENOMEM: 'The system has no memory to start the server.',
};

/** Clients learn what is wrong, operators read in the log with which command. */
function spawnError(cause: NodeJS.ErrnoException, spec: ChildSpec): GatewayError {
  const errno = cause.code ?? '';
  const log = { command: spec.command, errno: errno || null, sent: false };
  const want = WANT_HINTS[errno];
  if (want !== undefined) {
    return new GatewayError('GW_SHED', { hint: want, cause, log, retryAfterMs: 1000 });
  }
  const hints: Readonly<Record<string, string>> = {
    ENOENT:
      spec.cwd === null
        ? 'Its command was not found; check "command" and PATH.'
        : 'Its command or working directory was not found; check "command", "cwd" and PATH.',
    EACCES: 'Its command may not be executed; check the file permissions.',
  };
  const hint = hints[errno] ?? 'Its process could not be started.';
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint, cause, log });
}
