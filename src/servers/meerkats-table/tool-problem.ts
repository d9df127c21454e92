/**
 * The one error that a model is meant to read: what is wrong with its call and what to do instead.
 * Everything else that is thrown here is a fault of the storage or of this module.
 */
import { MAX_LISTED_PROBLEMS } from './limits.js';

export class ToolProblem extends Error {
  override readonly name = 'ToolProblem';
}

/** Joins problems under a headline, one a line; past the bound it only counts them. */
export function listProblems(headline: string, problems: readonly string[]): ToolProblem {
  const shown = problems.slice(0, MAX_LISTED_PROBLEMS);
  const hidden = problems.length - shown.length;
  const rest = hidden > 0 ? [`… and ${hidden} more`] : [];
  return new ToolProblem([headline, ...shown.map((line) => `- ${line}`), ...rest].join('\n'));
}

const MAX_QUOTED_LENGTH = 60;

/** A value as it appears in an error text: JSON, cut short. */
export function quote(value: unknown): string {
  // JSON.stringify answers undefined for undefined, whatever its type says.
  const json = (JSON.stringify(value) as string | undefined) ?? 'nothing';
  return json.length > MAX_QUOTED_LENGTH ? `${json.slice(0, MAX_QUOTED_LENGTH)}…` : json;
}
