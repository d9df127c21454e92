/**
 * Opens the processes of one stdio server: never more than `maxProcesses` at once (a process counts
 * until nothing of it is left), none while the command keeps failing at its start, and every one
 * written down in the ledger until its end. A process may end at what its own client said first, so that the failures of
 * one user hold up only that user; those of two are the command's.
 */
import type { Logger } from 'pino';
import { GatewayError } from '../kernel/errors.js';
import type { Channel, ChannelListener, ChannelOwner, ChannelSource } from './channel.js';
import type { ChildLedger } from './child-ledger.js';
import { DEFAULT_CHILD_TIMING, type ChildSpec, type ChildTiming } from './child-process.js';
import { RespawnBackoff } from './respawn-backoff.js';
import type { SourceStatus, StatusSource } from './source-status.js';
import { StdioChannel, type ChannelEnd } from './stdio-channel.js';

export interface StdioSourceOptions {
  readonly serverName: string;
  /** `env` is the child's whole environment (child-environment.ts). */
  readonly spec: ChildSpec;
  /** The environment variable for its owner's credential; null: none is passed. */
  readonly credentialVariable: string | null;
  readonly maxProcesses: number;
  readonly maxLineBytes: number;
  /** Default 8 MiB. */
  readonly maxQueuedBytes?: number;
  readonly timing?: ChildTiming;
  /** Null: nothing is written down (tests, previews). */
  readonly ledger: ChildLedger | null;
  readonly log: Logger;
  readonly nowMs: () => number;
  /** From 0 to 1; for the jitter of the back-off. */
  readonly random: () => number;
}

const DEFAULT_MAX_QUEUED_BYTES = 8 * 1024 * 1024;

export class StdioSource implements ChannelSource, StatusSource {
  readonly #options: StdioSourceOptions;
  readonly #channels = new Set<StdioChannel>();
  readonly #backoff = new RespawnBackoff();
  /** Whom the back-off holds up: null is everybody. */
  #heldUp: string | null = null;
  #lastFailure: GatewayError | null = null;
  #restarts = 0;
  #droppedLines = 0;
  #isClosed = false;

  constructor(options: StdioSourceOptions) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#channels.size;
  }

  get isFull(): boolean {
    return this.#channels.size >= this.#options.maxProcesses;
  }

  /**
   * Throws GW_DRAINING, GW_BULKHEAD_FULL, or with `retryAfterMs` while backing off GW_UPSTREAM_UNREACHABLE, or GW_SHED
   * where files, processes or memory were wanting.
   */
  open(owner: ChannelOwner, listener: ChannelListener): Channel {
    const { maxProcesses, nowMs } = this.#options;
    if (this.#isClosed) throw new GatewayError('GW_DRAINING');
    const waitMs = this.#backoff.waitMs(nowMs());
    const isHeldUp = this.#heldUp === null || this.#heldUp === owner.user;
    if (waitMs > 0 && isHeldUp) throw this.#backingOff(waitMs);
    if (this.isFull) {
      throw new GatewayError('GW_BULKHEAD_FULL', {
        hint: `All ${maxProcesses} processes of it are in use.`,
        log: { maxProcesses, sent: false },
      });
    }
    return this.#start(owner, listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#channels].map((channel) => channel.close()));
  }

  status(): SourceStatus {
    const isFailing = this.#backoff.quickFailures > 0;
    return {
      kind: 'stdio',
      state: isFailing ? 'failing' : 'ready',
      reason: isFailing ? (this.#lastFailure?.message ?? null) : null,
      openCount: this.#channels.size,
      restarts: this.#restarts,
      droppedLines: this.#droppedLines,
    };
  }

  #start(owner: ChannelOwner, listener: ChannelListener): Channel {
    const { timing, ledger, log, nowMs, serverName } = this.#options;
    const startedAtMs = nowMs();
    const channel: StdioChannel = new StdioChannel({
      spec: this.#specFor(owner),
      timing: timing ?? DEFAULT_CHILD_TIMING,
      maxLineBytes: this.#options.maxLineBytes,
      maxQueuedBytes: this.#options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES,
      log,
      nowMs,
      listener,
      onStarted: (pid) => {
        log.debug({ childPid: pid, purpose: owner.purpose }, 'server process started');
        this.#keepBooks(() => ledger?.add(pid, serverName));
      },
      onSpoke: () => {
        this.#backoff.worked();
      },
      onDroppedLine: () => {
        this.#droppedLines += 1;
      },
      onGone: (end) => {
        this.#channels.delete(channel);
        const { pid } = end;
        if (pid !== null) this.#keepBooks(() => ledger?.remove(pid));
        this.#judge(end, owner, nowMs() - startedAtMs);
      },
    });
    this.#channels.add(channel);
    return channel;
  }

  #specFor({ credential }: ChannelOwner): ChildSpec {
    const { spec, credentialVariable } = this.#options;
    if (credentialVariable === null || credential === null) return spec;
    return { ...spec, env: { ...spec.env, [credentialVariable]: credential } };
  }

  /** A full disk may cost the record of a child, never the child. */
  #keepBooks(write: () => void): void {
    try {
      write();
    } catch (cause) {
      this.#options.log.warn({ err: cause }, 'the record of a server process could not be kept');
    }
  }

  #judge(end: ChannelEnd, owner: ChannelOwner, livedMs: number): void {
    if (end.wasClosed) return;
    const didStart = end.pid !== null;
    // Some legacy servers exit at the first modern message, which is what a probe is for (rmcp).
    if (didStart && owner.purpose === 'probe') return;
    this.#restarts += 1;
    this.#lastFailure = end.error;
    const { nowMs, random } = this.#options;
    const isFirst = this.#backoff.quickFailures === 0;
    this.#heldUp = didStart && (isFirst || this.#heldUp === owner.user) ? owner.user : null;
    this.#backoff.died(
      nowMs(),
      { livedMs: didStart ? livedMs : 0, hadSpoken: end.hadSpoken },
      random(),
    );
  }

  #backingOff(retryAfterMs: number): GatewayError {
    const last = this.#lastFailure;
    return new GatewayError(last?.code === 'GW_SHED' ? 'GW_SHED' : 'GW_UPSTREAM_UNREACHABLE', {
      hint: `${last?.options.hint ?? 'Its process ended.'} It is started again after a pause.`,
      retryAfterMs,
      log: { quickFailures: this.#backoff.quickFailures, sent: false },
      cause: last,
    });
  }
}
