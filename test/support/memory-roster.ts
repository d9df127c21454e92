/** The roster of machines in a plain map, which several of the tests' machines share. */
import { GatewayError } from '../../src/kernel/errors.js';
import {
  MAX_MACHINES,
  type MachineEntry,
  type MachineRoster,
} from '../../src/store/machine-roster.js';

export interface MemoryRoster extends MachineRoster {
  readonly entries: ReadonlyMap<string, MachineEntry>;
  /** While true, every method rejects with GW_STORE_UNAVAILABLE. */
  isAway: boolean;
}

export function createMemoryRoster(): MemoryRoster {
  const entries = new Map<string, MachineEntry>();
  const answer = async <Result>(work: () => Result): Promise<Result> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (roster.isAway) throw new GatewayError('GW_STORE_UNAVAILABLE');
    return work();
  };
  const copy = (entry: MachineEntry): MachineEntry => structuredClone(entry);
  const roster: MemoryRoster = {
    entries,
    isAway: false,
    join: (entry) =>
      answer(() => {
        const kept = entries.get(entry.id);
        if (kept !== undefined && kept.beat >= entry.beat) {
          throw new GatewayError('GW_STORE_UNAVAILABLE');
        }
        entries.set(entry.id, copy(entry));
      }),
    renew: (entry) =>
      answer(() => {
        const kept = entries.get(entry.id);
        if (kept === undefined || kept.beat >= entry.beat) return false;
        entries.set(entry.id, copy(entry));
        return true;
      }),
    list: () =>
      answer(() => {
        if (entries.size > MAX_MACHINES) throw new GatewayError('GW_STORE_UNAVAILABLE');
        return Array.from(entries.values(), copy);
      }),
    remove: (id, beat) =>
      answer(() => {
        if (beat === undefined || entries.get(id)?.beat === beat) entries.delete(id);
      }),
  };
  return roster;
}
