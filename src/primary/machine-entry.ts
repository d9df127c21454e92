/** What a machine writes on the roster, and how what others wrote there is read: believed in nothing. */
import type { ListedMachine, ShareEntry, ShareReport } from '../policy/machine-shares.js';
import type { MachineEntry } from '../store/machine-roster.js';

/** For people. */
export interface MachineFacts {
  readonly name: string;
  /** Host and port that it listens on. */
  readonly address: string;
  readonly version: string;
  readonly startedAt: string;
  readonly workers: number;
  /** Same for every start from one data directory. */
  readonly place: string;
}

export interface KnownMachine extends ListedMachine {
  readonly facts: MachineFacts;
}

const MAX_TEXT = 200;
const MAX_KEYS = 20_000;

export function writtenEntry(facts: MachineFacts, report: ShareReport): unknown {
  return { ...facts, report };
}

export function readEntry({ id, beat, value }: MachineEntry): KnownMachine {
  const of = isRecord(value) ? value : {};
  const workers = of['workers'];
  return {
    id,
    beat,
    report: reportOf(of['report']),
    facts: {
      name: textOf(of['name']),
      address: textOf(of['address']),
      version: textOf(of['version']),
      startedAt: textOf(of['startedAt']),
      workers: typeof workers === 'number' ? workers : 0,
      place: textOf(of['place']),
    },
  };
}

function reportOf(value: unknown): ShareReport | null {
  if (!isRecord(value) || !isRecord(value['shares'])) return null;
  const { holdsAll, claimsAll } = value;
  if (typeof holdsAll !== 'boolean' || typeof claimsAll !== 'boolean') return null;
  const named = Object.entries(value['shares']);
  const shares: [string, ShareEntry][] = [];
  for (const [key, entry] of named.slice(0, MAX_KEYS)) {
    if (!isShareEntry(entry)) return null;
    shares.push([key, entry]);
  }
  if (named.length > MAX_KEYS) return null;
  return { holdsAll, claimsAll, shares: Object.fromEntries(shares) };
}

function isShareEntry(value: unknown): value is ShareEntry {
  const isPart = (part: unknown) => typeof part === 'number' && part >= 0 && part <= Infinity;
  return Array.isArray(value) && value.length === 3 && value.every(isPart);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : '?';
}
