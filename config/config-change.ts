/**
 * The difference between the configuration that runs and one that was read anew, as a reload needs it:
 * which servers come, go, begin anew or only get other limits, and which settings take what
 * (setting-effects.ts). Pure: what is done about it is the primary's.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config, ServerConfig } from './config.js';
import { SETTING_EFFECTS, type Effect } from './setting-effects.js';
import { valueAt } from './value-at.js';

/** Names in alphabetical order; disabled servers do not count as there. */
export interface ServerChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Reached in another way: their sessions and processes end. */
  readonly restarted: readonly string[];
  /** Other limits only: sessions, processes and connections stay. */
  readonly adjusted: readonly string[];
}

export interface ConfigChange {
  readonly servers: ServerChanges;
  /** Settings by what their change takes, under the names they have in the file. */
  readonly settings: Readonly<Record<Effect, readonly string[]>>;
}

export function compareConfigs(from: Config, to: Config): ConfigChange {
  const settings: Record<Effect, string[]> = { live: [], workers: [], restart: [] };
  for (const [path, effect, name] of SETTING_EFFECTS) {
    if (!isDeepStrictEqual(valueAt(from, path), valueAt(to, path))) settings[effect].push(name);
  }
  return { servers: compareServers(from, to), settings };
}

/** Whether anything differs that a reload brings about. */
export function isEffective({ servers, settings }: ConfigChange): boolean {
  const { added, removed, restarted, adjusted } = servers;
  const lists = [added, removed, restarted, adjusted, settings.live, settings.workers];
  return lists.some((names) => names.length > 0);
}

/** `to`, but with the values of `running` where only a restart changes them. */
export function keepUntilRestart(running: Config, to: Config): Config {
  const kept = structuredClone(to);
  for (const [path, effect] of SETTING_EFFECTS) {
    if (effect === 'restart') setAt(kept, path, valueAt(running, path));
  }
  return kept;
}

/** One line: `+2 servers (a, b), ~1 (c), -0; changed: …; workers are replaced for: …; a restart is needed for: …`. */
export function describeChange({ servers, settings }: ConfigChange): string {
  const changed = [...servers.restarted, ...servers.adjusted].sort();
  const named = (names: readonly string[]) => (names.length === 0 ? '' : ` (${names.join(', ')})`);
  const parts = [
    `+${servers.added.length} servers${named(servers.added)}`,
    `~${changed.length}${named(changed)}`,
    `-${servers.removed.length}${named(servers.removed)}`,
  ];
  const clauses = [
    ['changed', settings.live],
    ['workers are replaced for', settings.workers],
    ['a restart is needed for', settings.restart],
  ] as const;
  const rest = clauses.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`; ${what}: ${names.join(', ')}`],
  );
  return `${parts.join(', ')}${rest.join('')}`;
}

function compareServers(from: Config, to: Config): ServerChanges {
  const before = enabledServers(from);
  const after = enabledServers(to);
  const both = [...after.values()].flatMap((server) => {
    const former = before.get(server.name);
    return former === undefined || isDeepStrictEqual(former, server) ? [] : [{ former, server }];
  });
  const changed = (isMeant: (former: ServerConfig, server: ServerConfig) => boolean) =>
    both
      .filter(({ former, server }) => isMeant(former, server))
      .map(({ server }) => server.name)
      .sort();
  return {
    added: [...after.keys()].filter((name) => !before.has(name)).sort(),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
    restarted: changed((former, server) => !isSameSource(former, server)),
    adjusted: changed(isSameSource),
  };
}

function enabledServers({ servers }: Config): ReadonlyMap<string, ServerConfig> {
  const enabled = Object.values(servers).filter((server) => server.enabled);
  return new Map(enabled.map((server) => [server.name, server]));
}

/** Whether what runs for the one can go on for the other. */
export function isSameSource(former: ServerConfig, server: ServerConfig): boolean {
  return isDeepStrictEqual(lasting(former), lasting(server));
}

/** Changes while it runs: limits, and the names that clients see. */
const ADJUSTABLE: ReadonlySet<string> = new Set<keyof ServerConfig>([
  'rateLimit',
  'connectionPool',
  'maxBodyBytes',
  'tools',
  'prompts',
  'resources',
  'scopes',
]);
const ADJUSTABLE_OF_SOURCE = new Set(['idleTimeoutMs', 'maxProcesses', 'maxLineBytes']);

function lasting(server: ServerConfig): unknown {
  return { ...without(server, ADJUSTABLE), source: without(server.source, ADJUSTABLE_OF_SOURCE) };
}

function without(value: object, names: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name)));
}

function setAt(target: object, path: readonly string[], value: unknown): void {
  const [last = '', ...groups] = path.toReversed();
  let group: object = target;
  for (const key of groups.toReversed()) {
    const next = Reflect.get(group, key) as unknown;
    if (typeof next !== 'object' || next === null) return;
    group = next;
  }
  Reflect.set(group, last, structuredClone(value));
}
