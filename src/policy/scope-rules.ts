/**
 * Which OAuth scopes a use of a server needs: some for everything, more for single tools. The answer is all of
 * them, not only those that are missing: a client that asks for a new token asks for what the challenge
 * names, and must not lose what it had (MCP authorization, step-up flow).
 */
import { NameFilter } from './name-filter.js';

export interface ScopeRulesOptions {
  readonly required: readonly string[];
  /** By tool name, `*` for any characters; all that match count. */
  readonly tools: Readonly<Record<string, readonly string[]>>;
}

export class ScopeRules {
  readonly required: readonly string[];
  readonly #tools: readonly { readonly filter: NameFilter; readonly scopes: readonly string[] }[];

  constructor({ required, tools }: ScopeRulesOptions) {
    this.required = required;
    this.#tools = Object.entries(tools).map(([pattern, scopes]) => {
      return { filter: new NameFilter({ allow: [pattern], deny: [] }), scopes };
    });
  }

  /** For calls of these tools; without any, for other uses. */
  neededFor(tools: readonly string[]): readonly string[] {
    const needed = new Set(this.required);
    for (const name of tools) {
      for (const { filter, scopes } of this.#tools) {
        if (filter.admits(name)) for (const scope of scopes) needed.add(scope);
      }
    }
    return [...needed];
  }
}

/** Null when nothing is needed. */
export function scopeRules(options: ScopeRulesOptions): ScopeRules | null {
  const isNone = options.required.length === 0 && Object.keys(options.tools).length === 0;
  return isNone ? null : new ScopeRules(options);
}
