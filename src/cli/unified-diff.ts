/**
 * Two texts as a unified diff, with three lines around each change. Myers' greedy algorithm (1986), after what both
 * begin and end with is set aside; where more than a thousand lines differ, all between is shown as replaced.
 */
import { styleText } from 'node:util';

const CONTEXT_LINES = 3;
const MAX_EDITS = 1000;

export interface DiffOptions {
  /** The name in both headings. */
  readonly name: string;
  readonly isColored: boolean;
}

interface Line {
  readonly kind: ' ' | '-' | '+';
  readonly text: string;
}

/** Empty where both are the same. */
export function unifiedDiff(before: string, after: string, options: DiffOptions): string {
  if (before === after) return '';
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    options.isColored ? styleText(style, text, { validateStream: false }) : text;
  const out = [paint('bold', `--- ${options.name}`), paint('bold', `+++ ${options.name}`)];
  for (const { heading, lines } of hunks(compare(linesOf(before), linesOf(after)))) {
    out.push(paint('cyan', heading));
    for (const { kind, text } of lines) {
      const line = `${kind}${text}`;
      out.push(kind === ' ' ? line : paint(kind === '-' ? 'red' : 'green', line));
    }
  }
  return `${out.join('\n')}\n`;
}

function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start])
    start += 1;
  let end = 0;
  const rest = Math.min(before.length, after.length) - start;
  while (end < rest && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (text: string): Line => ({ kind: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...edits(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** The furthest reaching path for each number of edits, kept to walk back from the end. */
function edits(before: readonly string[], after: readonly string[]): Line[] {
  const trace: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let count = 0; count <= Math.min(MAX_EDITS, before.length + after.length); count += 1) {
    const next = new Map<number, number>();
    trace.push(reach);
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      let x = startOf(reach, diagonal, count);
      while (
        x < before.length &&
        x - diagonal < after.length &&
        before[x] === after[x - diagonal]
      ) {
        x += 1;
      }
      next.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return walkBack(trace, before, after);
    }
    reach = next;
  }
  return [
    ...before.map((text): Line => ({ kind: '-', text })),
    ...after.map((text): Line => ({ kind: '+', text })),
  ];
}

function startOf(reach: ReadonlyMap<number, number>, diagonal: number, count: number): number {
  if (isDeletion(reach, diagonal, count)) return (reach.get(diagonal - 1) ?? -1) + 1;
  return reach.get(diagonal + 1) ?? -1;
}

function walkBack(
  trace: readonly ReadonlyMap<number, number>[],
  before: readonly string[],
  after: readonly string[],
): Line[] {
  const lines: Line[] = [];
  let x = before.length;
  let y = after.length;
  for (let count = trace.length - 1; count >= 0; count -= 1) {
    const reach = trace[count] ?? new Map<number, number>();
    const start = startOf(reach, x - y, count);
    const isInsertion = !isDeletion(reach, x - y, count);
    while (x > start && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      lines.push({ kind: ' ', text: before[x] ?? '' });
    }
    if (count === 0) break;
    if (isInsertion) {
      y -= 1;
      lines.push({ kind: '+', text: after[y] ?? '' });
    } else {
      x -= 1;
      lines.push({ kind: '-', text: before[x] ?? '' });
    }
  }
  return lines.reverse();
}

function isDeletion(reach: ReadonlyMap<number, number>, diagonal: number, count: number): boolean {
  if (diagonal === -count) return false;
  if (diagonal === count) return true;
  return (reach.get(diagonal - 1) ?? -1) >= (reach.get(diagonal + 1) ?? -1);
}

function hunks(lines: readonly Line[]): { heading: string; lines: Line[] }[] {
  const found: { heading: string; lines: Line[] }[] = [];
  let at = lines.findIndex(({ kind }) => kind !== ' ');
  while (at !== -1) {
    const from = Math.max(0, at - CONTEXT_LINES);
    let last = at;
    for (let i = at; i < lines.length && i <= last + 2 * CONTEXT_LINES; i += 1) {
      if (lines[i]?.kind !== ' ') last = i;
    }
    const until = Math.min(lines.length, last + CONTEXT_LINES + 1);
    const inside = lines.slice(from, until);
    const side = (other: '-' | '+', part: readonly Line[]): number =>
      part.filter(({ kind }) => kind !== other).length;
    const ahead = lines.slice(0, from);
    const place = (other: '-' | '+'): string => `${side(other, ahead) + 1},${side(other, inside)}`;
    found.push({ heading: `@@ -${place('+')} +${place('-')} @@`, lines: inside });
    at = lines.findIndex(({ kind }, i) => i >= until && kind !== ' ');
  }
  return found;
}
