/** Joins this machine to the others on its store, where there can be others and limits are to be shared. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { VERSION } from '../kernel/version.js';
import type { Store } from '../store/store.js';
import type { AdmissionBroker } from './admission-broker.js';
import { machinePlace } from './machine-place.js';
import { Machines } from './machines.js';

export interface MachinesParts {
  readonly config: Config;
  readonly port: number;
  readonly startedAt: Date;
  readonly store: Pick<Store, 'machines'>;
  readonly admission: AdmissionBroker;
  readonly log: Logger;
}

/** Null: this machine has its limits to itself. */
export async function composeMachines(parts: MachinesParts): Promise<Machines | null> {
  const { config, port, startedAt, store, admission, log } = parts;
  const { sharesLimits, name, leaseTimeoutMs } = config.machines;
  if (store.machines === null || !sharesLimits) return null;
  return new Machines({
    roster: store.machines,
    facts: {
      name: name ?? hostname(),
      address: `${addressOf(config.host)}:${port}`,
      version: VERSION,
      startedAt: startedAt.toISOString(),
      workers: config.workers,
      place: await machinePlace(config.dataDir),
    },
    leaseMs: leaseTimeoutMs,
    config,
    admission,
    log,
  });
}

/** One that listens on every address is told by its name. */
function addressOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}
