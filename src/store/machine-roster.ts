/**
 * Who shares this store: one document for each machine, written by that machine alone and read by all. What it means is
 * told by policy/machine-shares.ts. A write that comes late, after its deadline, must not undo a newer one.
 */
export interface MachineEntry {
  /** New with each start of a gateway. */
  readonly id: string;
  /** Counts the machine's writes. */
  readonly beat: number;
  /** Any JSON value. */
  readonly value: unknown;
}

export interface MachineRoster {
  /** Writes the entry where there is none or an older one; rejects with GW_STORE_UNAVAILABLE otherwise. */
  join(entry: MachineEntry): Promise<void>;
  /** Replaces an entry with an older beat. False when there is none: it was removed, or is newer. */
  renew(entry: MachineEntry): Promise<boolean>;
  /**
   * All entries, none older than the last write that was confirmed before. At most 100; rejects with
   * GW_STORE_UNAVAILABLE when there are more.
   */
  list(): Promise<MachineEntry[]>;
  /** With `beat`, only while the entry has that one. */
  remove(id: string, beat?: number): Promise<void>;
}

export const MAX_MACHINES = 100;
