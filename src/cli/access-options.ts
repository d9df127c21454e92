/** The options that say which tools and how much: `--tools`, `--deny-tools`, `--rate`, `--concurrency`. */
import type { CallLimits, ToolRules } from '../store/access-rules.js';
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';
import { splitNames } from './server-names.js';

export interface AccessOptions {
  readonly rate?: string;
  readonly concurrency?: string;
  readonly tools?: string;
  readonly denyTools?: string;
}

/** Undefined when neither option was given; null when both say there is no rule: `--tools all`. */
export function rulesIn(
  options: AccessOptions,
  present: ToolRules | null = null,
): ToolRules | null | undefined {
  const { tools, denyTools } = options;
  if (tools === undefined && denyTools === undefined) return undefined;
  const allow = tools === 'all' ? ['*'] : (splitNames(tools) ?? present?.allow ?? ['*']);
  const deny = denyTools === 'none' ? [] : (splitNames(denyTools) ?? present?.deny ?? []);
  return allow.join() === '*' && deny.length === 0 ? null : { allow, deny };
}

/** Undefined when neither option was given; what one of them leaves out is taken from `present`. */
export function limitsIn(
  options: AccessOptions,
  present: CallLimits | null,
): CallLimits | null | undefined {
  const { rate, concurrency } = options;
  if (rate === undefined && concurrency === undefined) return undefined;
  const requestsPerSecond = countIn(rate, '--rate', present?.requestsPerSecond);
  const maxConcurrentRequests = countIn(
    concurrency,
    '--concurrency',
    present?.maxConcurrentRequests,
  );
  return requestsPerSecond === null && maxConcurrentRequests === null
    ? null
    : { requestsPerSecond, maxConcurrentRequests };
}

function countIn(
  text: string | undefined,
  option: string,
  present: number | null = null,
): number | null {
  if (text === undefined) return present;
  if (text === 'none') return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError(EXIT.usage, `${option} must be a whole number above 0, or "none"`);
}

/** Words for people; empty when there are no rules. */
export function describeAccess(access: {
  readonly tools: ToolRules | null;
  readonly limits: CallLimits | null;
}): readonly string[] {
  const { tools, limits } = access;
  const words: string[] = [];
  if (limits?.requestsPerSecond != null) words.push(`${limits.requestsPerSecond}/s`);
  if (limits?.maxConcurrentRequests != null) words.push(`${limits.maxConcurrentRequests} at once`);
  if (tools !== null && tools.allow.join() !== '*') {
    words.push(tools.allow.length === 0 ? 'no tools' : `tools ${tools.allow.join(',')}`);
  }
  if (tools !== null && tools.deny.length > 0) words.push(`not ${tools.deny.join(',')}`);
  return words;
}
