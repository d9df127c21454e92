/**
 * Settings that had another name, or that people write as other programs spell them. The loader honours them with a
 * warning for one major version, `multi-mcp migrate` rewrites them. Whoever renames a setting adds a row here.
 */

export interface RenamedKey {
  /** From the root down; `*` stands for one key of any name, the same in `to`. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The version with the new name. */
  readonly since: string;
  /** The first version that no longer knows the old one. */
  readonly until: string;
  /** How the value is spelled anew; as it is if absent. */
  readonly convert?: 'negated' | 'transport';
}

const FOREIGN = { since: '0.1.0', until: '2.0.0' } as const;

/** What Claude, Cursor, VS Code, Windsurf, Gemini, Codex and mcp-proxy write in an entry, brought along to `servers`. */
export const RENAMED_KEYS: readonly RenamedKey[] = [
  {
    from: ['servers', '*', 'disabled'],
    to: ['servers', '*', 'enabled'],
    convert: 'negated',
    ...FOREIGN,
  },
  {
    from: ['servers', '*', 'type'],
    to: ['servers', '*', 'transport'],
    convert: 'transport',
    ...FOREIGN,
  },
  {
    from: ['servers', '*', 'transportType'],
    to: ['servers', '*', 'transport'],
    convert: 'transport',
    ...FOREIGN,
  },
  { from: ['servers', '*', 'serverUrl'], to: ['servers', '*', 'url'], ...FOREIGN },
  { from: ['servers', '*', 'httpUrl'], to: ['servers', '*', 'url'], ...FOREIGN },
  { from: ['servers', '*', 'http_headers'], to: ['servers', '*', 'headers'], ...FOREIGN },
];
