/**
 * Which names exist for someone: an allow list, a deny list that wins over it, and `*` for any run of
 * characters. Patterns are cut at their stars once, so that a match is a few native searches in order and
 * no pattern, however odd, makes a name expensive (no backtracking, RELIABILITY §6 on ReDoS).
 */

export interface NameRules {
  /** Null: every name. An empty list: none. */
  readonly allow: readonly string[] | null;
  readonly deny: readonly string[];
}

/** What can say whether a name exists. */
export interface NameJudge {
  admits(name: string): boolean;
}

/** Longer names are not looked at: they do not exist where rules apply. Chosen: more than any URI in use. */
export const MAX_NAME_CHARS = 8192;

export class NameFilter implements NameJudge {
  readonly #allow: readonly Glob[] | null;
  readonly #deny: readonly Glob[];

  constructor({ allow, deny }: NameRules) {
    this.#allow = allow === null ? null : allow.map(cutAtStars);
    this.#deny = deny.map(cutAtStars);
  }

  admits(name: string): boolean {
    if (name.length > MAX_NAME_CHARS) return false;
    if (this.#deny.some((glob) => matches(glob, name))) return false;
    return this.#allow === null || this.#allow.some((glob) => matches(glob, name));
  }
}

/** Null when the rules leave every name. */
export function nameFilter(rules: NameRules | null): NameFilter | null {
  if (rules === null) return null;
  const isAll = rules.allow === null || rules.allow.includes('*');
  return isAll && rules.deny.length === 0 ? null : new NameFilter(rules);
}

/**
 * Rules that span servers, as a key or a user has them, narrowed to one server: a pattern with a slash
 * names servers before it (`files/read_*`), one without holds for every server.
 */
export function rulesForServer(rules: NameRules, server: string): NameRules {
  const here = (patterns: readonly string[]): string[] =>
    patterns.flatMap((pattern) => {
      const slash = pattern.indexOf('/');
      if (slash === -1) return [pattern];
      return matches(cutAtStars(pattern.slice(0, slash)), server) ? [pattern.slice(slash + 1)] : [];
    });
  return { allow: rules.allow === null ? null : here(rules.allow), deny: here(rules.deny) };
}

/** The literal texts between stars; one text alone means no star. */
type Glob = readonly string[];

function cutAtStars(pattern: string): Glob {
  return pattern.split('*');
}

function matches(glob: Glob, name: string): boolean {
  const first = glob[0] ?? '';
  if (glob.length === 1) return name === first;
  const last = glob.at(-1) ?? '';
  if (name.length < first.length + last.length) return false;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (let index = 1; index < glob.length - 1; index += 1) {
    const text = glob[index] ?? '';
    const found = name.indexOf(text, at);
    if (found === -1 || found + text.length > end) return false;
    at = found + text.length;
  }
  return true;
}
