import fc from 'fast-check';
import t from 'tap';
import { nextMidnight, rotationPlan, type PresentFile } from '../../src/policy/rotation-plan.js';

const DAY_MS = 86_400_000;
const GRACE_MS = 60_000;
const now = new Date(2026, 10, 22, 0, 0, 0, 5);
const yesterday = new Date(2026, 10, 21, 9);
let inodes = 0;

function file(name: string, changedAt = yesterday): PresentFile {
  inodes += 1;
  return { name, changedAt, inode: inodes };
}

function plan(present: readonly PresentFile[], began: Readonly<Record<string, Date | null>>) {
  return rotationPlan({
    now,
    logs: Object.entries(began).map(([name, beganAt]) => ({ name, beganAt })),
    present,
    retentionDays: 30,
    graceMs: GRACE_MS,
  });
}

t.test('a log of an earlier day becomes the archive of the day it began', async (t) => {
  const present = [file('requests.log'), file('multi-mcp-production.log')];
  const { steps } = plan(present, { 'requests.log': yesterday, 'multi-mcp-production.log': now });
  t.strictSame(steps, [
    { kind: 'archive', file: 'requests.log', archive: 'requests-2026-11-21.log' },
  ]);
});

t.test('a missing, an empty and a future log are left alone', async (t) => {
  const tomorrow = new Date(now.getTime() + DAY_MS);
  t.strictSame(plan([], { 'requests.log': null }).steps, []);
  t.strictSame(plan([file('requests.log')], { 'requests.log': tomorrow }).steps, []);
});

t.test('a second archive of one day is numbered past every form of the first', async (t) => {
  for (const taken of ['.log', '.log.gz', '.log.gz.tmp']) {
    const present = [file('requests.log'), file(`requests-2026-11-21${taken}`, now)];
    const [step] = plan(present, { 'requests.log': yesterday }).steps;
    t.strictSame(step, {
      kind: 'archive',
      file: 'requests.log',
      archive: 'requests-2026-11-21.1.log',
    });
  }
});

t.test('a renaming that was cut short is finished, not repeated', async (t) => {
  const present = [
    { name: 'requests.log', changedAt: now, inode: 7 },
    { name: 'requests-2026-11-21.log', changedAt: now, inode: 7 },
  ];
  const { steps } = plan(present, { 'requests.log': yesterday });
  t.strictSame(steps, [{ kind: 'unname', file: 'requests.log' }]);
});

t.test('an archive is compressed when it has not changed for the grace', async (t) => {
  const name = 'requests-2026-11-21.log';
  const quietSince = (ms: number) =>
    plan([file(name, new Date(now.getTime() - ms))], { 'requests.log': null });
  t.strictSame(quietSince(GRACE_MS - 1), { steps: [], waiting: [name] });
  t.strictSame(quietSince(-DAY_MS), { steps: [], waiting: [name] }, 'the clock was set back');
  t.strictSame(quietSince(GRACE_MS), {
    steps: [
      {
        kind: 'compress',
        file: name,
        compressed: `${name}.gz`,
        spare: 'requests-2026-11-21.1.log.gz',
      },
    ],
    waiting: [],
  });
});

t.test('archives of the kept days stay, older ones and leftovers go, others never', async (t) => {
  const present = [
    'requests-2026-10-23.log.gz',
    'requests-2026-10-22.log.gz',
    'requests-2026-10-22.1.log',
    'requests-2026-11-20.log.gz.tmp',
    'requests-2026-10-01.txt',
    'requests-by-hand.log',
    'requests-2026-10-01.log.gz.bak',
    'other-2026-10-01.log.gz',
  ].map((name) => file(name));
  const { steps } = plan(present, { 'requests.log': null });
  t.strictSame(
    steps.map(({ kind, file }) => `${kind} ${file}`),
    [
      'delete requests-2026-10-22.log.gz',
      'delete requests-2026-10-22.1.log',
      'delete requests-2026-11-20.log.gz.tmp',
    ],
  );
});

t.test('midnight is the start of the next local day', async (t) => {
  const instants = fc.date({
    min: new Date(2020, 0),
    max: new Date(2040, 0),
    noInvalidDate: true,
  });
  const property = fc.property(instants, (at) => {
    const next = nextMidnight(at);
    const before = new Date(next.getTime() - 1);
    return before.getDate() === at.getDate() && next > at && next.getHours() === 0;
  });
  t.doesNotThrow(() => {
    fc.assert(property, { numRuns: 1000 });
  });
});

/** A folder in which every file holds lines, as the file system would keep it. */
class Folder {
  readonly files = new Map<string, { lines: number[]; changedAt: Date; inode: number }>();
  #inodes = 0;
  #lines = 0;
  readonly written: number[] = [];
  readonly deleted: { name: string; lines: number[] }[] = [];
  beganAt: Date | null = null;

  append(at: Date): void {
    let log = this.files.get('requests.log');
    if (log === undefined) {
      this.#inodes += 1;
      log = { lines: [], changedAt: at, inode: this.#inodes };
      this.files.set('requests.log', log);
      this.beganAt = at;
    }
    this.#lines += 1;
    log.lines.push(this.#lines);
    log.changedAt = at;
    this.written.push(this.#lines);
  }

  /** Does the plan's steps up to `most` of their halves: what a killed process leaves. */
  rotate(at: Date, most: number): void {
    const { steps } = rotationPlan({
      now: at,
      logs: [
        { name: 'requests.log', beganAt: this.files.has('requests.log') ? this.beganAt : null },
      ],
      present: [...this.files].map(([name, { changedAt, inode }]) => ({ name, changedAt, inode })),
      retentionDays: 3,
      graceMs: GRACE_MS,
    });
    let left = most;
    const half = (act: () => void): void => {
      if (left > 0) act();
      left -= 1;
    };
    for (const step of steps) {
      const from = this.files.get(step.file);
      if (from === undefined) throw new Error(`${step.file} is not there`);
      if (step.kind === 'archive') {
        half(() => {
          this.#link(step.file, step.archive);
        });
        half(() => this.files.delete(step.file));
      } else if (step.kind === 'compress') {
        this.#inodes += 1;
        const unfinished = `${step.file}.gz.tmp`;
        const copy = { ...from, lines: [...from.lines], inode: this.#inodes };
        half(() => this.files.set(unfinished, copy));
        half(() => {
          if (!this.files.has(unfinished)) return;
          const there = this.files.get(step.compressed);
          if (String(there?.lines) === String(copy.lines)) return;
          this.#link(unfinished, there === undefined ? step.compressed : step.spare);
        });
        half(() => this.files.delete(step.file));
        half(() => this.files.delete(unfinished));
      } else {
        half(() => {
          if (step.kind === 'delete') this.deleted.push({ name: step.file, lines: from.lines });
          this.files.delete(step.file);
        });
      }
    }
  }

  #link(from: string, to: string): void {
    if (this.files.has(to)) throw new Error(`${to} would be overwritten`);
    const file = this.files.get(from);
    if (file !== undefined) this.files.set(to, file);
  }
}

t.test(
  'through kills at any point every line stays exactly once until it is too old',
  async (t) => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('append' as const) }),
      fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.integer({ min: 1000, max: 2 * DAY_MS }),
      }),
      fc.record({ kind: fc.constant('rotate' as const), most: fc.integer({ min: 0, max: 6 }) }),
    );
    const property = fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
      const folder = new Folder();
      let at = now;
      for (const each of events) {
        if (each.kind === 'append') folder.append(at);
        else if (each.kind === 'wait') at = new Date(at.getTime() + each.ms);
        else folder.rotate(at, each.most);
      }
      // Left in peace it comes to rest: one check renames, one compresses after the grace, one sweeps.
      for (let check = 0; check < 3; check += 1) {
        folder.rotate(at, Infinity);
        at = new Date(at.getTime() + GRACE_MS);
      }
      const names = [...folder.files.keys()];
      if (names.some((name) => name.endsWith('.tmp')))
        throw new Error(`left over: ${String(names)}`);
      const kept = [...folder.files.values()].flatMap(({ lines }) => lines);
      const gone = folder.deleted
        .filter(({ name }) => !name.endsWith('.tmp'))
        .flatMap(({ lines }) => lines);
      if (new Set(kept).size !== kept.length) throw new Error(`doubled in ${String(names)}`);
      const all = [...new Set([...kept, ...gone])].sort((a, b) => a - b);
      if (String(all) !== String(folder.written)) throw new Error(`lost: ${String(names)}`);
    });
    t.doesNotThrow(() => {
      fc.assert(property, { numRuns: 2000 });
    });
  },
);
