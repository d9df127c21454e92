/**
 * Compares what the suite said of a server run directly with what it said of the same server behind
 * the gateway: every scenario must have the same checks with the same verdicts. Passing more counts
 * as a difference too, since it would mean that the gateway answered in the server's place.
 */
import type { Check, Revision, SuiteResult } from './suite.js';

/** `direct`: the fixture's HTTP program itself. The others: through the gateway, by upstream kind. */
export const WAYS = ['direct', 'http', 'stdio', 'module'] as const;
export type Way = (typeof WAYS)[number];
export type Results = Readonly<Partial<Record<Way, SuiteResult>>>;

/**
 * The one exception: a stdio server cannot close an event stream, so its client is never made to come
 * back for the answer, and this one check of that scenario is not made.
 */
const EXCEPTED = {
  way: 'stdio',
  scenario: 'server-sse-polling',
  verdict: 'server-sse-disconnect-resume: SUCCESS',
} as const;

export interface Difference {
  readonly revision: Revision;
  readonly scenario: string;
  readonly way: Way;
  /** For people: which checks differ, and what the suite said. */
  readonly detail: string;
}

export interface Comparison {
  readonly table: string;
  readonly differences: readonly Difference[];
}

/** INFO checks are the suite's own log: their number follows timing. */
const verdicts = (checks: readonly Check[] = []): Check[] =>
  checks.filter((check) => check.status !== 'INFO');

const verdictList = (checks: readonly Check[] | undefined): string[] =>
  verdicts(checks)
    .map(({ id, status }) => `${id}: ${status}`)
    .sort();

function cell(checks: readonly Check[] | undefined): string {
  if (checks === undefined) return '-';
  const count = (status: Check['status']): number =>
    checks.filter((check) => check.status === status).length;
  const parts = [`${count('SUCCESS')}`];
  if (count('FAILURE') > 0) parts.push(`${count('FAILURE')} failed`);
  if (count('WARNING') > 0) parts.push(`${count('WARNING')} warned`);
  if (count('SKIPPED') > 0) parts.push(`${count('SKIPPED')} skipped`);
  return parts.join(', ');
}

/** Checks of the one that the other lacks, as a multiset. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const left = [...those];
  return these.filter((verdict) => {
    const at = left.indexOf(verdict);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}

function differenceOf(
  direct: readonly Check[] | undefined,
  through: readonly Check[] | undefined,
  isExcepted: (missing: string) => boolean,
): string | undefined {
  const missing = without(verdictList(direct), verdictList(through)).filter(
    (verdict) => !isExcepted(verdict),
  );
  const added = without(verdictList(through), verdictList(direct));
  if (missing.length === 0 && added.length === 0) return undefined;
  const said = verdicts(through)
    .filter(({ id, status }) => added.includes(`${id}: ${status}`))
    .map(({ id, errorMessage }) => `${id}: ${errorMessage ?? 'no message'}`);
  return [
    ...missing.map((verdict) => `- ${verdict}`),
    ...added.map((verdict) => `+ ${verdict}`),
    ...said.map((message) => `  ${message.slice(0, 500)}`),
  ].join('\n');
}

export function compare(revision: Revision, results: Results): Comparison {
  const ways = WAYS.filter((way) => results[way] !== undefined);
  const scenarios = [...new Set(ways.flatMap((way) => [...(results[way]?.keys() ?? [])]))].sort();
  const differences: Difference[] = [];
  const rows = scenarios.map((scenario) => {
    const direct = results.direct?.get(scenario);
    const cells = ways.map((way) => {
      const checks = results[way]?.get(scenario);
      if (way === 'direct') return cell(checks);
      const mayDiffer = way === EXCEPTED.way && scenario === EXCEPTED.scenario;
      const isExcepted = (missing: string): boolean => mayDiffer && missing === EXCEPTED.verdict;
      const detail = differenceOf(direct, checks, isExcepted);
      if (detail === undefined) return `${cell(checks)}${mayDiffer ? ' (excepted)' : ''}`;
      differences.push({ revision, scenario, way, detail });
      return `${cell(checks)} DIFFERS`;
    });
    return [scenario, ...cells];
  });
  const totals = ways.map((way) => cell([...(results[way]?.values() ?? [])].flat()));
  return {
    table: renderTable([[revision, ...ways], ...rows, ['total', ...totals]]),
    differences,
  };
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
