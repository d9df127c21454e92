/** How people are shown the machines that share their limits. */
import { monotonicMs } from '../kernel/clock.js';
import { TOTAL_SLOTS, type LimitShares } from '../policy/limit-shares.js';
import type { MachineShares } from '../policy/machine-shares.js';
import type { KnownMachine, MachineFacts } from './machine-entry.js';

export interface MachineView extends Omit<MachineFacts, 'place'> {
  readonly id: string;
  readonly isSelf: boolean;
  /** Since its lease was renewed, as this machine saw it; null before the first time. */
  readonly renewedMsAgo: number | null;
  /** Part of the total of connections that it may use now, 0..1; null = not readable. */
  readonly totalPart: number | null;
}

export interface MachinesView {
  readonly leaseMs: number;
  /** Why the lease is not renewed; null while it is. */
  readonly problem: string | null;
  readonly isDivided: boolean;
  /** Parts of the limits that this machine may use, by limit; empty while it may use all. */
  readonly shares: Readonly<Record<string, number>>;
  /** This one first. */
  readonly list: readonly MachineView[];
}

export interface MachinesState {
  readonly id: string;
  readonly facts: MachineFacts;
  readonly shares: MachineShares;
  readonly known: Iterable<KnownMachine>;
  readonly applied: LimitShares;
  readonly problem: string | null;
  readonly leaseMs: number;
  /** Monotonic. */
  readonly renewedAtMs: number | null;
}

export function machinesView(state: MachinesState): MachinesView {
  const { id, facts, shares, known, applied, problem, leaseMs, renewedAtMs } = state;
  const nowMs = monotonicMs();
  const own: MachineView = {
    ...shown(id, facts),
    isSelf: true,
    renewedMsAgo: renewedAtMs === null ? null : Math.round(nowMs - renewedAtMs),
    totalPart: shares.partOf(TOTAL_SLOTS),
  };
  return {
    leaseMs,
    problem,
    isDivided: shares.isDivided,
    shares: Object.fromEntries(applied ?? []),
    list: [own, ...Array.from(known, (machine) => other(machine, shares, nowMs))],
  };
}

function other(machine: KnownMachine, shares: MachineShares, nowMs: number): MachineView {
  const { id, facts, report } = machine;
  const silentMs = shares.silentMs(id, nowMs);
  const isNamed = report !== null && !report.holdsAll;
  return {
    ...shown(id, facts),
    isSelf: false,
    renewedMsAgo: silentMs === null ? null : Math.round(silentMs),
    totalPart: isNamed ? (report.shares[TOTAL_SLOTS]?.[0] ?? null) : null,
  };
}

function shown(id: string, { name, address, version, startedAt, workers }: MachineFacts) {
  return { id, name, address, version, startedAt, workers };
}
