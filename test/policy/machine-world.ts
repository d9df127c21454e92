/**
 * Machines that divide limits over one roster, with every write, read and death where the test wants it: what
 * is written lands some time after it was sent, and the documents of one reading are read one by one, while others
 * write. Rates are spent and calls run under the shares as they are at that moment.
 */
import {
  isRateKey,
  MachineShares,
  type ListedMachine,
  type ShareReport,
} from '../../src/policy/machine-shares.js';

export const LEASE_MS = 5000;
export const LIMITS: ReadonlyMap<string, number> = new Map([
  ['total', 20],
  ['server:a', 3],
  ['rate:gateway', 10],
  ['users', 12],
  ['rate:users', 12],
]);
/** Limits of single users, which are named only while one machine wants more of them than another. */
export const ACCOUNTS: ReadonlyMap<string, number> = new Map([
  ['account:ana', 8],
  ['account:bo', 8],
  ['rate:account:user:ana', 10],
]);
const ALL = new Map([...LIMITS, ...ACCOUNTS]);
const WINDOW_MS = 1000;
/** Longest time between two events that the model takes. */
export const MAX_STEP_MS = 400;

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'looking'; readonly read: ListedMachine[]; readonly left: string[] }
  | { readonly kind: 'writing'; readonly report: ShareReport; readonly atMs: number }
  | { readonly kind: 'written'; readonly atMs: number }
  | {
      readonly kind: 'reading';
      readonly atMs: number;
      readonly read: ListedMachine[];
      readonly left: string[];
    };

const unitsOf = (key: string): number => ACCOUNTS.get(key) ?? 1;

class Machine {
  readonly id: string;
  readonly shares: MachineShares;
  readonly inUse = new Map<string, number>();
  readonly wants = new Map<string, { readonly units: number; readonly limit: number }>();
  beat = 0;
  phase: Phase = { kind: 'idle' };
  /** Whether it was a member at least once: before, it serves nobody. */
  hasJoined = false;
  lastRenewalMs = -Infinity;

  constructor(id: string) {
    this.id = id;
    this.shares = new MachineShares({ id, leaseMs: LEASE_MS, unitsOf });
    this.shares.setLimits(LIMITS);
  }
}

export class MachineWorld {
  readonly machines: Machine[] = [];
  readonly #roster = new Map<string, ListedMachine>();
  readonly #spendings: { readonly key: string; readonly atMs: number }[] = [];
  nowMs = 0;
  #started = 0;

  start(): Machine {
    this.#started += 1;
    const machine = new Machine(`m${this.#started % 7}-${this.#started}`);
    this.machines.push(machine);
    return machine;
  }

  /** SIGKILL: its document stays. */
  kill(machine: Machine): void {
    this.machines.splice(this.machines.indexOf(machine), 1);
  }

  /** An orderly stop: its calls have ended, and the window of the last ones is over. */
  leave(machine: Machine): void {
    for (const one of this.#spendings) {
      const isItsOwn = one.key.endsWith(` ${machine.id}`);
      if (isItsOwn && one.atMs > this.nowMs - WINDOW_MS) return;
    }
    this.kill(machine);
    this.#roster.delete(machine.id);
  }

  /** One step of the machine's renewal. */
  advance(machine: Machine): void {
    const { shares, phase } = machine;
    switch (phase.kind) {
      case 'idle':
        if (shares.isExpired(this.nowMs)) {
          machine.phase = { kind: 'looking', read: [], left: [...this.#roster.keys()] };
        } else this.#write(machine);
        return;
      case 'looking':
        if (this.#readOne(phase)) return;
        shares.look(this.nowMs, phase.read);
        this.#write(machine);
        return;
      case 'writing':
        machine.beat += 1;
        this.#roster.set(machine.id, { id: machine.id, beat: machine.beat, report: phase.report });
        machine.phase = { kind: 'written', atMs: phase.atMs };
        return;
      case 'written':
        machine.phase = { ...phase, kind: 'reading', read: [], left: [...this.#roster.keys()] };
        return;
      case 'reading': {
        if (this.#readOne(phase)) return;
        const dead = shares.renewed(phase.atMs, this.nowMs, phase.read);
        for (const id of dead) this.#roster.delete(id);
        machine.hasJoined = true;
        machine.lastRenewalMs = phase.atMs;
        machine.phase = { kind: 'idle' };
      }
    }
  }

  /** The machine renews without anybody in between. */
  renew(machine: Machine): void {
    do this.advance(machine);
    while (machine.phase.kind !== 'idle');
  }

  /** Time passes; nobody's lease runs out by it. */
  pass(ms: number): void {
    this.nowMs += Math.min(ms, MAX_STEP_MS);
    for (const machine of this.machines) {
      if (this.nowMs - machine.lastRenewalMs < LEASE_MS / 2) continue;
      this.renew(machine);
      this.renew(machine);
    }
  }

  /** All renew by turns, a second's worth each. */
  settle(seconds: number): void {
    for (let turn = 0; turn < seconds * 4; turn += 1) {
      for (const machine of this.machines) this.renew(machine);
      this.nowMs += 250;
    }
  }

  /** Null: it is content with the common part. */
  want(machine: Machine, account: string, units: number | null): void {
    if (units === null) machine.wants.delete(account);
    else machine.wants.set(account, { units, limit: unitsOf(account) });
  }

  begin(machine: Machine, key: string): void {
    const running = machine.inUse.get(key) ?? 0;
    if (running < this.units(machine, key)) machine.inUse.set(key, running + 1);
  }

  end(machine: Machine, key: string): void {
    machine.inUse.set(key, Math.max(0, (machine.inUse.get(key) ?? 0) - 1));
  }

  /** As many as its own window allows. */
  spend(machine: Machine, key: string): void {
    const own = this.#spendings.filter(
      (one) => one.key === `${key} ${machine.id}` && one.atMs > this.nowMs - WINDOW_MS,
    );
    for (let left = this.units(machine, key) - own.length; left > 0; left -= 1) {
      this.#spendings.push({ key: `${key} ${machine.id}`, atMs: this.nowMs });
    }
  }

  /** What the machine may use now. */
  units(machine: Machine, key: string): number {
    if (!machine.hasJoined) return 0;
    return Math.floor((ALL.get(key) ?? 0) * machine.shares.partOf(key) + 1e-6);
  }

  /** What is wrong now; null when all limits hold. */
  fault(): string | null {
    for (const [key, limit] of ALL) {
      let parts = 0;
      let units = 0;
      for (const machine of this.machines) {
        if (!machine.hasJoined) continue;
        const inUse = machine.inUse.get(key) ?? 0;
        parts += Math.max(machine.shares.partOf(key), inUse / limit);
        units += Math.max(this.units(machine, key), inUse);
      }
      if (parts > 1 + 1e-6) return `${key}: parts sum up to ${parts}`;
      if (units > limit) return `${key}: ${units} of ${limit}`;
      if (!isRateKey(key)) continue;
      const spent = this.#spendings.filter(
        (one) => one.key.startsWith(`${key} `) && one.atMs > this.nowMs - WINDOW_MS,
      );
      if (spent.length > limit) return `${key}: ${spent.length} of ${limit} in a window`;
    }
    return null;
  }

  #write(machine: Machine): void {
    machine.shares.setAccountWants(machine.wants);
    const used = (key: string): number => (machine.inUse.get(key) ?? 0) / (ALL.get(key) ?? 1);
    const named = new Set(machine.shares.accounts);
    // What single users use counts on the common part as long as they are not named.
    const unnamed = [...ACCOUNTS.keys()].filter((key) => !named.has(key));
    const common = Math.max(used('users'), ...unnamed.map(used));
    const report = machine.shares.report(this.nowMs, (key) => {
      return key === 'users' ? common : used(key);
    });
    machine.phase = { kind: 'writing', report, atMs: this.nowMs };
  }

  /** False when everything was read. */
  #readOne({ read, left }: { readonly read: ListedMachine[]; readonly left: string[] }): boolean {
    const id = left.shift();
    if (id === undefined) return false;
    const listed = this.#roster.get(id);
    if (listed !== undefined) read.push(listed);
    return true;
  }
}
