/**
 * An entry of `mcpServers`, as Claude, Cursor, VS Code, Windsurf and Gemini write them, as an entry of `servers`. Keys
 * that only matter inside such a client are ignored with a warning; one that looks like a slip is a problem.
 */
import { nearest } from './nearest.js';
import type { Report } from './problem.js';
import { clientEntry, serverEntry } from './server-schema.js';
import type { ClientEntry, PolicyKey, ServerEntry } from './server-schema.js';

export interface ClientReports {
  readonly report: Report;
  readonly warn: Report;
}

/** The spellings of `url` in the various clients. */
export const URL_KEYS = ['url', 'serverUrl', 'httpUrl'] as const;

export function fromClientEntry(
  name: string,
  entry: ClientEntry,
  { report, warn }: ClientReports,
): ServerEntry {
  const path = ['mcpServers', name];
  reportUnknownKeys(name, entry, { report, warn });
  const [urlKey, second] = URL_KEYS.filter((key) => entry[key] !== undefined);
  if (second !== undefined) {
    report([...path, second], { at: 'key', message: `says again what "${urlKey ?? ''}" says` });
  }
  if (entry.type === 'stdio' && urlKey !== undefined) {
    report([...path, 'type'], { message: `is "stdio", and "${urlKey}" is for http` });
  }
  if (entry.type !== undefined && entry.type !== 'stdio' && entry.command !== undefined) {
    report([...path, 'type'], { message: `is "${entry.type}", and "command" is for stdio` });
  }
  const { command, args, env, cwd, headers } = entry;
  return {
    ...serverEntry.parse({}),
    enabled: entry.enabled ?? entry.disabled !== true,
    command,
    args,
    env,
    cwd,
    url: urlKey === undefined ? undefined : entry[urlKey],
    headers,
    transport: transportOf(entry.type),
    ...policiesOf(entry),
  };
}

/** All of them by name, so that a new one cannot be forgotten here: rules that got lost would let calls through. */
function policiesOf(entry: ClientEntry) {
  const { rateLimit, connectionPool, era, maxBodyBytes } = entry;
  const { tools, prompts, resources, scopes, pinning, credential } = entry;
  return {
    rateLimit,
    connectionPool,
    era,
    maxBodyBytes,
    tools,
    prompts,
    resources,
    scopes,
    pinning,
    credential,
  } satisfies Record<PolicyKey, unknown>;
}

function transportOf(type: ClientEntry['type']): 'http' | 'sse' | undefined {
  if (type === undefined || type === 'stdio') return undefined;
  return type === 'sse' ? 'sse' : 'http';
}

function reportUnknownKeys(name: string, entry: ClientEntry, { report, warn }: ClientReports) {
  const known = Object.keys(clientEntry.shape);
  for (const key of Object.keys(entry).filter((each) => !known.includes(each))) {
    const near = nearest(key, known);
    const path = ['mcpServers', name, key];
    if (near === null) warn(path, { at: 'key', message: 'is a setting of some client; ignored' });
    else report(path, { at: 'key', message: 'is not a setting', hint: `did you mean "${near}"?` });
  }
}
