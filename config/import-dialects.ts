/**
 * Blocks of servers that are written in words of their own, in the words that most clients share: `mcp_servers` of
 * Codex (TOML) and `extensions` of goose (YAML). Secrets that these name by a variable become references to it.
 */
import type { Entry, Note } from './import-translate.js';
import type { SettingPath } from './problem.js';
import { isRecord } from './value-at.js';

export interface Dialect {
  readonly place: SettingPath;
  /** Null for what is no object, and so no server in any words. */
  readonly toCommon: (foreign: Entry | null, note: Note) => Entry | 'no server' | null;
}

export const DIALECTS: readonly Dialect[] = [
  { place: ['mcp_servers'], toCommon: fromCodex },
  { place: ['extensions'], toCommon: fromGoose },
];

/** Source: Codex's configuration reference, `[mcp_servers.NAME]` in config.toml, November 2026. */
function fromCodex(foreign: Entry | null, note: Note): Entry | null {
  if (foreign === null) return null;
  const { bearer_token_env_var, http_headers, env_http_headers, env_vars, env, ...rest } = foreign;
  const { enabled_tools, disabled_tools, scopes, ...entry } = rest;
  if (scopes !== undefined) {
    const hint = 'the gateway signs in with "auth": docs/access.md';
    note(['scopes'], { at: 'key', message: 'is what Codex signs in for; not taken over', hint });
  }
  const headers = {
    ...(isRecord(http_headers) && http_headers),
    ...(isRecord(env_http_headers) && referencesOf(env_http_headers)),
    ...(typeof bearer_token_env_var === 'string' && {
      Authorization: `Bearer \${${bearer_token_env_var}}`,
    }),
  };
  return {
    ...entry,
    ...withMembers('env', { ...passedOn(env_vars), ...(isRecord(env) && env) }),
    ...withMembers('headers', headers),
    ...(enabled_tools !== undefined && { includeTools: enabled_tools }),
    ...(disabled_tools !== undefined && { excludeTools: disabled_tools }),
  };
}

/** How goose shows a server. */
const GOOSE_SHOWS = new Set(['name', 'display_name', 'description', 'bundled']);

/** What goose calls by its names for the transports; the other types are parts of goose itself. */
const GOOSE_TRANSPORTS: ReadonlyMap<unknown, string> = new Map([
  ['stdio', 'stdio'],
  ['sse', 'sse'],
  ['streamable_http', 'streamable-http'],
]);

/** Source: goose's guide to config.yaml, `extensions`, November 2026. */
function fromGoose(foreign: Entry | null): Entry | 'no server' {
  const transport = GOOSE_TRANSPORTS.get(foreign?.['type']);
  if (foreign === null || transport === undefined) return 'no server';
  const { cmd, uri, envs, env_keys, available_tools, ...rest } = foreign;
  const entry = Object.fromEntries(Object.entries(rest).filter(([key]) => !GOOSE_SHOWS.has(key)));
  return {
    ...entry,
    type: transport,
    ...(cmd !== undefined && { command: cmd }),
    ...(uri !== undefined && { url: uri }),
    ...withMembers('env', { ...passedOn(env_keys), ...(isRecord(envs) && envs) }),
    ...(available_tools !== undefined && { includeTools: available_tools }),
  };
}

/** Names of variables that a child gets from the environment, or objects with a `name`, as entries of `env`. */
function passedOn(names: unknown): Record<string, string> {
  const variables = (Array.isArray(names) ? names : []).map((each: unknown) =>
    isRecord(each) ? each['name'] : each,
  );
  const known = variables.filter((name) => typeof name === 'string');
  return Object.fromEntries(known.map((name) => [name, `\${${name}}`]));
}

function referencesOf(variables: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([header, variable]) => [header, `\${${String(variable)}}`]),
  );
}

function withMembers(key: string, members: Record<string, unknown>): Entry {
  return Object.keys(members).length === 0 ? {} : { [key]: members };
}
