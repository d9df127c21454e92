/** What may stand in the tool rules and limits of a key or a grant, and the reading of both from JSON. */
import type { CallLimits, ToolRules } from '../store/access-rules.js';
import { membersOf, optionalNumberIn, refused, textsIn, type Members } from './input-members.js';

const MAX_PATTERNS = 256;
const MAX_PATTERN_CHARS = 256;
const MAX_PER_SECOND = 10_000_000;
const MAX_CONCURRENT = 100_000;

export function checkToolRules(rules: ToolRules | null): void {
  if (rules === null) return;
  for (const [name, patterns] of [
    ['tools.allow', rules.allow],
    ['tools.deny', rules.deny],
  ] as const) {
    if (patterns.length > MAX_PATTERNS) throw refused(`${name} must be at most ${MAX_PATTERNS}`);
    if (!patterns.every(isPattern)) {
      throw refused(`${name} must hold printable names of 1 to ${MAX_PATTERN_CHARS} characters`);
    }
  }
}

function isPattern(pattern: string): boolean {
  return pattern.length <= MAX_PATTERN_CHARS && /^[^\p{Cc}\p{Surrogate}]+$/u.test(pattern);
}

export function checkLimits(limits: CallLimits | null): void {
  if (limits === null) return;
  checkLimit('limits.requestsPerSecond', limits.requestsPerSecond, MAX_PER_SECOND);
  checkLimit('limits.maxConcurrentRequests', limits.maxConcurrentRequests, MAX_CONCURRENT);
}

function checkLimit(name: string, value: number | null, max: number): void {
  if (value === null || (Number.isSafeInteger(value) && value >= 1 && value <= max)) return;
  throw refused(`${name} must be a whole number from 1 to ${max}`);
}

/** An absent `allow` is every tool, an absent `deny` none. */
export function toolRulesIn(members: Members): ToolRules | null {
  if (members['tools'] == null) return null;
  const rules = membersOf(members['tools'], ['allow', 'deny'], 'tools');
  return {
    allow: rules['allow'] == null ? ['*'] : textsIn(rules, 'allow'),
    deny: rules['deny'] == null ? [] : textsIn(rules, 'deny'),
  };
}

export function limitsIn(members: Members): CallLimits | null {
  if (members['limits'] == null) return null;
  const limits = membersOf(
    members['limits'],
    ['requestsPerSecond', 'maxConcurrentRequests'],
    'limits',
  );
  return limitsOf(
    optionalNumberIn(limits, 'requestsPerSecond'),
    optionalNumberIn(limits, 'maxConcurrentRequests'),
  );
}

/** Null when both are: one way only to say "no limits". */
export function limitsOf(
  requestsPerSecond: number | null,
  maxConcurrentRequests: number | null,
): CallLimits | null {
  if (requestsPerSecond === null && maxConcurrentRequests === null) return null;
  return { requestsPerSecond, maxConcurrentRequests };
}
