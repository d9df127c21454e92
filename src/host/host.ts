/**
 * Lifecycle of one upstream host: waits for its start message, serves, reports once a second, drains.
 * When the primary is gone it ends its children and itself; no signal but SIGKILL makes it break off
 * earlier, because workers that still drain need it.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import {
  isPrimaryToHost,
  STATUS_INTERVAL_MS,
  type HostStart,
  type HostToPrimary,
} from '../ipc/host-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { EXIT } from '../kernel/exit-codes.js';
import { createProgramLog, type ProgramLog } from '../telemetry/log.js';
import { composeHost, type Host } from './compose.js';
import { SWEEP_INTERVAL_MS } from './endpoint-options.js';

/** Workers drain for up to 5 s when the primary vanished; their last calls still come here. */
const ORPHAN_DRAIN_MS = 6_000;
/** Children get 2 s after the end of input and 5 s after TERM. */
const RELEASE_LIMIT_MS = 9_000;

/** Call once, in a process forked by the primary. */
export function runHost(): void {
  new HostProcess().run();
}

class HostProcess {
  #host: Host | null = null;
  #programLog: ProgramLog | null = null;
  #isDraining = false;

  run(): void {
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => undefined);
    process.on('disconnect', () => void this.#drain(ORPHAN_DRAIN_MS));
    process.on('message', (message) => {
      if (!isPrimaryToHost(message)) return;
      if (message.type === 'host-start') void this.#start(message);
      else if (message.type === 'host-drain') void this.#drain(message.timeoutMs);
      else this.#programLog?.reopen();
    });
  }

  async #start(start: HostStart): Promise<void> {
    try {
      const config = start.config as Config;
      this.#programLog = await createProgramLog({
        level: config.logLevel,
        file: join(config.logDir, 'multi-mcp-production.log'),
        terminal: process.stdout.isTTY ? 'pretty' : config.logToStdout ? 'json' : null,
        processName: `host-${start.hostIndex}`,
      });
      const host = await composeHost(start, this.#programLog.log);
      await host.server.listen();
      this.#host = host;
      send({ type: 'host-ready', pid: process.pid, servers: host.status() });
      setInterval(() => {
        send({ type: 'host-status', inFlight: host.server.inFlight, servers: host.status() });
      }, STATUS_INTERVAL_MS);
      setInterval(() => {
        host.sweep(monotonicMs());
      }, SWEEP_INTERVAL_MS);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      send({ type: 'host-failed', reason });
      setImmediate(() => process.exit(EXIT.software));
    }
  }

  async #drain(timeoutMs: number): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const host = this.#host;
    if (host === null) process.exit(EXIT.ok);
    await host.server.drain(timeoutMs);
    const limit = setTimeout(() => process.exit(EXIT.software), RELEASE_LIMIT_MS);
    await host.release();
    clearTimeout(limit);
    this.#programLog?.flush();
    process.exit(EXIT.ok);
  }
}

function send(message: HostToPrimary): void {
  if (process.connected) process.send?.(message);
}
