/**
 * What a key or a grant adds to "may use this server": which tools, and how much of it. Kept as JSON by
 * every adapter. Null is "no rule of its own", and what is damaged is an error and never null, because a
 * rule that vanishes would widen what its owner may do.
 */

/** Tool names by glob (`*` = any run of characters). A tool must match `allow`, and nothing in `deny`. */
export interface ToolRules {
  /** `['*']` allows every tool, an empty list none. */
  readonly allow: readonly string[];
  /** Beats `allow`. */
  readonly deny: readonly string[];
}

/** Upper bounds; null = the gateway's own limits alone hold. */
export interface CallLimits {
  readonly requestsPerSecond: number | null;
  readonly maxConcurrentRequests: number | null;
}

/** Throws when the value is neither null nor whole. */
export function toolRulesIn(value: unknown): ToolRules | null {
  if (value === null) return null;
  if (isMembers(value) && isTexts(value['allow']) && isTexts(value['deny'])) {
    return { allow: value['allow'], deny: value['deny'] };
  }
  throw new Error('the field tools holds no rules');
}

/** Throws when the value is neither null nor whole. */
export function callLimitsIn(value: unknown): CallLimits | null {
  if (value === null) return null;
  if (isMembers(value)) {
    const { requestsPerSecond, maxConcurrentRequests } = value;
    if (isLimit(requestsPerSecond) && isLimit(maxConcurrentRequests)) {
      return { requestsPerSecond, maxConcurrentRequests };
    }
  }
  throw new Error('the field limits holds no limits');
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isLimit(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isSafeInteger(value) && value > 0);
}
