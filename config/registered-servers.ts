/**
 * Servers that were added while the gateway ran, checked as if they stood under `servers` in the file, and
 * merged with those of the file. A name that the file has is the file's: what is registered under it waits
 * until the file lets go of it.
 */
import { dirname } from 'node:path';
import { checkSchema } from './check-schema.js';
import type { Config, ServerConfig } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import type { Environment } from './environment.js';
import { expandDocument, reportUnresolved } from './expand-document.js';
import { Findings } from './findings.js';
import { readJsonc } from './jsonc.js';
import type { Problem } from './problem.js';
import { missingFiles } from './source-files.js';
import { toServers } from './to-servers.js';
import { isRecord } from './value-at.js';

export interface Registration {
  readonly name: string;
  /** As under `servers` in the file; null = the server is the file's, and only its switch is kept. */
  readonly entry: unknown;
  readonly isEnabled: boolean;
  /** False: it is sealed under a master key that is not known, and `entry` is meaningless. */
  readonly isReadable: boolean;
}

export interface EntryContext {
  readonly config: Pick<Config, 'configPath' | 'limits'>;
  readonly env: Environment;
  readonly isEnabled: boolean;
}

export interface CheckedEntry {
  /** Null when something is wrong. */
  readonly server: ServerConfig | null;
  /** A line each: setting, what is wrong, and what to do. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** `enabled` in the entry does not count: the registration has its own switch. */
export function checkServerEntry(
  name: string,
  entry: unknown,
  context: EntryContext,
): CheckedEntry {
  const { config, env, isEnabled } = context;
  const isObject = isRecord(entry) && !Array.isArray(entry);
  const switched = isObject ? { ...entry, enabled: isEnabled } : entry;
  const document = readJsonc(JSON.stringify({ servers: { [name]: switched } }, null, 2), 'entry');
  const findings = new Findings(document);
  const { value, unresolved } = expandDocument(document, env);
  for (const each of unresolved) reportUnresolved(each, document, findings);
  const { idleTimeoutMs: idleTimeout, maxTotalConnections } = config.limits;
  const around = { global: { idleTimeout, maxTotalConnections } };
  const { file, findings: wrong } = checkSchema({ ...around, ...(isRecord(value) ? value : {}) });
  for (const { path, what, meant } of wrong) {
    findings.report(path, what);
    if (meant !== null) findings.misspelt(meant);
  }
  const folder = config.configPath === null ? process.cwd() : dirname(config.configPath);
  const servers = toServers(file, folder, findings);
  const server = Object.hasOwn(servers, name) ? (servers[name] ?? null) : null;
  const missing = server === null || !isEnabled ? [] : missingFiles(server, env);
  for (const { key, what } of missing) findings.warn(['servers', name, key], what);
  const problems = findings.problems.map(oneLine);
  return {
    server: problems.length > 0 ? null : server,
    problems,
    warnings: findings.warnings.map(oneLine),
  };
}

export interface MergedServers {
  readonly config: Config;
  /** Served beside those of the file, disabled ones included. */
  readonly added: ReadonlySet<string>;
  /** Registered, and not usable as it is: why, a line each. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
  /** Registered under a name that the file has. */
  readonly shadowed: readonly string[];
}

/** `config`: as loaded from the file. */
export function mergeRegistrations(
  config: Config,
  registrations: readonly Registration[],
  env: Environment,
): MergedServers {
  const servers = new Map(Object.entries(config.servers));
  const added = new Set<string>();
  const refused = new Map<string, readonly string[]>();
  const shadowed: string[] = [];
  for (const { name, entry, isEnabled, isReadable } of registrations) {
    const ofFile = Object.hasOwn(config.servers, name) ? config.servers[name] : undefined;
    if (entry === null && isReadable) {
      if (ofFile !== undefined)
        servers.set(name, { ...ofFile, enabled: isEnabled && ofFile.enabled });
    } else if (ofFile !== undefined) shadowed.push(name);
    else if (!isReadable) refused.set(name, [UNREADABLE]);
    else {
      const { server, problems } = checkServerEntry(name, entry, { config, env, isEnabled });
      if (server === null) refused.set(name, problems);
      else {
        added.add(name);
        servers.set(name, server);
      }
    }
  }
  const merged = { ...config, servers: Object.fromEntries(servers) };
  return { config: deepFreeze(merged), added, refused, shadowed };
}

const UNREADABLE =
  'no known master key opens it: set MULTI_MCP_MASTER_KEY_PREVIOUS, or remove it and add it again';

function oneLine({ path, message, hint }: Problem): string {
  return `${path} ${message}${hint === null ? '' : ` (${hint})`}`;
}
