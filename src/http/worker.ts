/**
 * Lifecycle of one HTTP worker: waits for its start message, serves, reports once a second, drains.
 * It ends by itself when the primary is gone; whatever it held is then free by the kernel's hand.
 */
import cluster from 'node:cluster';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../config/config.js';
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { EXIT } from '../kernel/exit-codes.js';
import {
  REPORT_INTERVAL_MS,
  type PrimaryToWorker,
  type WorkerStart,
} from '../ipc/worker-messages.js';
import { logForgottenRejections } from '../telemetry/forgotten-rejections.js';
import { DeltaWriter } from '../telemetry/metric-delta.js';
import { OwnMemory } from '../telemetry/own-memory.js';
import { ProcessReporter } from '../telemetry/process-reporter.js';
import type { ToolPins } from '../ipc/tool-pin-messages.js';
import { composeWorker, type Worker } from './compose.js';
import { PrimaryLink } from './primary-link.js';

/** When the primary vanished there is nobody to say how long a drain may take. */
const ORPHAN_DRAIN_MS = 5_000;
const EVENT_LOOP_RESOLUTION_MS = 10;
const POLL_MS = 10;
/** A replaced worker waits this long for clients with idle connections to come, and sends them away. */
const LINGER_MS = 2_000;
const END_LISTENING_MS = 100;
const LAST_WRITES_MS = 50;

/** Call once, in a process forked by the primary. */
export function runWorker(): void {
  new WorkerProcess().run();
}

class WorkerProcess {
  readonly #memory = new OwnMemory();
  readonly #delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  readonly #primary: PrimaryLink;
  readonly #writer = new DeltaWriter();
  readonly #process = new ProcessReporter();
  #worker: Worker | null = null;
  /** Arrived while the worker was composed; bounded by the servers. */
  readonly #toolPins = new Map<string, ToolPins>();
  #isDraining = false;
  #isReplaced = false;
  /** Arrived while the worker was composed. */
  #pending: Extract<PrimaryToWorker, { readonly type: 'config' }> | null = null;

  constructor() {
    this.#primary = new PrimaryLink(
      process,
      (message) => {
        this.#onMessage(message);
      },
      () => void this.#drain(ORPHAN_DRAIN_MS),
    );
  }

  run(): void {
    this.#delay.enable();
    // Ctrl-C and a closed terminal reach the whole process group; the primary decides what they mean.
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    process.on('SIGUSR2', () => undefined);
    process.on('SIGTERM', () => void this.#drain(ORPHAN_DRAIN_MS));
    outliveThePrimary();
    logForgottenRejections(() => this.#worker?.programLog.log ?? null);
    this.#primary.send({ type: 'worker-hello' });
  }

  #onMessage(message: PrimaryToWorker): void {
    switch (message.type) {
      case 'worker-start':
        void this.#start(message);
        return;
      case 'worker-drain':
        void this.#drain(message.timeoutMs, message.isReplaced);
        return;
      case 'revoked':
        this.#worker?.onRevoked(message.keyId);
        this.#primary.send({ type: 'revocation-applied', revocation: message.revocation });
        return;
      case 'credential-changed':
        this.#worker?.credentials.forget(message);
        this.#primary.send({ type: 'revocation-applied', revocation: message.revocation });
        return;
      case 'reopen-logs':
        this.#worker?.programLog.reopen();
        this.#worker?.requestLog?.reopen();
        return;
      case 'log-level':
        this.#worker?.programLog.setLevel(message.level);
        return;
      case 'config':
        this.#pending = message;
        this.#applyConfig();
        return;
      case 'admission':
        this.#worker?.leases.receive(message.events);
        return;
      case 'tool-pins':
        // While it is composed: its start message may be older than this.
        if (this.#worker === null) this.#toolPins.set(message.server, message);
        else this.#worker.pinnedTools.receive(message.server, message);
        return;
      case 'issuer-keys':
        this.#worker?.issuerKeys?.receive(message);
        return;
      case 'check-server':
        void this.#checkServer(message.server, message.check);
        return;
      case 'server-tools':
        this.#worker?.announceTools(message.server, message.names);
        return;
      case 'answer':
        return; // The link handed it to whoever asked.
    }
  }

  async #start(start: WorkerStart): Promise<void> {
    try {
      const worker = await composeWorker(
        start,
        this.#primary,
        () => this.#isDraining && !this.#isReplaced,
      );
      // Before the first request can come: the primary's answers about it need a receiver.
      this.#worker = worker;
      this.#applyConfig();
      for (const [server, pins] of this.#toolPins) worker.pinnedTools.receive(server, pins);
      this.#toolPins.clear();
      // Asked for, not sent along: keys that changed while this process was composed are not missed.
      if (worker.issuerKeys !== null)
        this.#primary.send({ type: 'issuer-keys-wanted', refresh: false });
      const port = await worker.front.listen();
      this.#primary.send({
        type: 'worker-ready',
        port,
        front: worker.front.name,
        frontReason: worker.frontReason,
      });
      setInterval(() => {
        this.#report(worker);
      }, REPORT_INTERVAL_MS);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const isPortTaken =
        thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE';
      this.#primary.send({ type: 'worker-failed', reason, isPortTaken });
      process.exitCode = isPortTaken ? EXIT.tryAgain : EXIT.software;
      setImmediate(() => process.exit());
    }
  }

  #applyConfig(): void {
    if (this.#worker === null || this.#pending === null) return;
    const { config, version } = this.#pending;
    this.#pending = null;
    this.#worker.apply(config as Config);
    this.#primary.send({ type: 'config-applied', version });
  }

  async #checkServer(server: string, check: number): Promise<void> {
    const result = await this.#worker?.checkServer(server);
    if (result !== undefined) this.#primary.send({ type: 'server-checked', server, check, result });
  }

  #report(worker: Worker): void {
    const { connections, refusedConnections, refusedRequests } = worker.front.stats();
    const memory = this.#memory.read();
    this.#primary.send({
      type: 'worker-report',
      delta: this.#delta(worker),
      admission: worker.admissionCounts.take(),
      removed: worker.cleanupCounts.take(),
      gauges: {
        connections,
        refusedConnections,
        refusedRequests,
        inFlight: Object.fromEntries(worker.leases.inFlight()),
        idleSlots: Object.fromEntries(worker.leases.idleSlots()),
        upstreamConnections: worker.upstreamConnections(),
        listening: worker.leases.listening(),
        rssBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        eventLoopDelayMs: this.#delay.percentile(99) / 1e6,
        cachedIdentities: worker.authenticator.stats().cached,
        droppedLogLines: (worker.requestLog?.dropped() ?? 0) + worker.programLog.dropped(),
      },
      ...this.#process.takeDue(monotonicMs()),
    });
    this.#delay.reset();
  }

  #delta(worker: Worker): string {
    worker.metrics.report(this.#writer);
    worker.upstreamConnects.report(this.#writer);
    return this.#writer.take();
  }

  /**
   * Not ready → no new connections → listening streams end → calls finish, each answer the last on its
   * connection → the rest is told → exit. A replaced worker is still ready: the gateway is.
   */
  async #drain(timeoutMs: number, isReplaced = false): Promise<void> {
    if (this.#isDraining) return;
    this.#isReplaced = isReplaced;
    this.#isDraining = true;
    const worker = this.#worker;
    if (worker === null) process.exit(EXIT.ok);
    const { front } = worker;
    front.stopListening();
    const reason = new GatewayError('GW_DRAINING', { retryAfterMs: 1000 });
    const startedAtMs = monotonicMs();
    const deadlineMs = startedAtMs + timeoutMs;
    const lingerUntilMs = isReplaced ? Math.min(deadlineMs, startedAtMs + LINGER_MS) : startedAtMs;
    let endedListeningAtMs = -Infinity;
    for (let nowMs = startedAtMs; nowMs < deadlineMs; nowMs = monotonicMs()) {
      // Again and again: a connection that is still open may ask for another.
      if (nowMs - endedListeningAtMs >= END_LISTENING_MS) {
        endedListeningAtMs = nowMs;
        worker.endRelays(reason, 'listening', isReplaced);
      }
      const { inFlight, connections } = front.stats();
      if (inFlight === 0 && (connections === 0 || nowMs >= lingerUntilMs)) break;
      await pause(POLL_MS);
    }
    worker.endRelays(cutShort(), 'all', isReplaced);
    worker.leases.stop();
    this.#report(worker);
    // The last replies leave in this turn of the loop or the next.
    await pause(LAST_WRITES_MS);
    front.close();
    await worker.release();
    process.exit(EXIT.ok);
  }
}

/** For what was sent: to say when to try again would invite a second execution. */
function cutShort(): GatewayError {
  return new GatewayError('GW_DRAINING', {
    hint: 'Whether the request was carried out is unknown.',
    log: { sent: true },
  });
}

/** node:cluster ends a worker in the turn in which its primary vanishes, unless that was asked for; ours drains first. */
function outliveThePrimary(): void {
  const self = cluster.worker;
  self?.once('disconnect', () => {
    self.exitedAfterDisconnect = true;
  });
}
