/**
 * Where a server comes from: a bundled module, a module of the user's, a stdio command or a URL. The keys present say
 * which; keys of two kinds at once, or of none, are problems here. Relative paths become absolute.
 */
import { resolve } from 'node:path';
import type { ClientCredentialsConfig, ServerSource } from './config.js';
import { nearest } from './nearest.js';
import type { ProblemText } from './problem.js';
import type { ServerEntry } from './server-schema.js';
import { isLoopback } from './value-kinds.js';

/** Servers that need no source: folders of src/servers. */
export const BUNDLED_SERVERS = ['meerkats-table'];

const MAX_LINE_BYTES = 4_194_304;
const MAX_PROCESSES = 16;

export interface SourceContext {
  readonly name: string;
  /** Folder of the configuration file, which relative paths start from. */
  readonly folder: string;
  readonly idleTimeoutMs: number;
  /** Whether a key is in the file although the entry lacks it: wrong in itself, or misspelt. */
  readonly isExplained: (key: string) => boolean;
  /** `key` is a key of the entry, or null for the entry itself. */
  readonly report: (key: string | null, what: ProblemText) => void;
}

const KINDS = ['module', 'command', 'url'] as const;
type Kind = (typeof KINDS)[number];

const KEYS_OF_KIND: Readonly<Record<Kind, readonly (keyof ServerEntry)[]>> = {
  module: [],
  command: ['args', 'env', 'cwd', 'idleTimeout', 'maxProcesses', 'maxLineBytes'],
  url: ['headers', 'transport', 'oauth'],
};

/** Null when the entry names no source that could be used; `report` has said why. */
export function serverSource(entry: ServerEntry, context: SourceContext): ServerSource | null {
  const kinds = KINDS.filter((key) => entry[key] !== undefined || context.isExplained(key));
  const [kind, ...others] = kinds;
  for (const other of others) {
    const message = `is a second source beside "${kind ?? ''}"; a server has one`;
    context.report(other, { at: 'key', message });
  }
  if (others.length === 0) reportStrayKeys(kind ?? null, entry, context);
  if (entry.module !== undefined) {
    return { kind: 'module', path: resolve(context.folder, entry.module) };
  }
  if (entry.command !== undefined) return stdioSource(entry.command, entry, context);
  if (entry.url !== undefined) return httpSource(entry.url, entry, context);
  return kind === undefined ? bundledSource(context) : null;
}

function reportStrayKeys(kind: Kind | null, entry: ServerEntry, { report }: SourceContext): void {
  for (const owner of KINDS) {
    if (owner === kind) continue;
    for (const key of KEYS_OF_KIND[owner]) {
      if (entry[key] === undefined) continue;
      const message = `goes with "${owner}", which this server does not have`;
      report(key, { at: 'key', message });
    }
  }
}

function stdioSource(command: string, entry: ServerEntry, context: SourceContext): ServerSource {
  const cwd = entry.cwd === undefined ? null : resolve(context.folder, entry.cwd);
  return {
    kind: 'stdio',
    command: command.includes('/') ? resolve(cwd ?? context.folder, command) : command,
    args: entry.args ?? [],
    env: entry.env ?? {},
    cwd,
    idleTimeoutMs: entry.idleTimeout ?? context.idleTimeoutMs,
    maxProcesses: entry.maxProcesses ?? MAX_PROCESSES,
    maxLineBytes: entry.maxLineBytes ?? MAX_LINE_BYTES,
  };
}

function httpSource(url: string, entry: ServerEntry, context: SourceContext): ServerSource {
  // Clients without a transport setting tell the two apart by this same habit of server authors.
  const byPath = new URL(url).pathname.replace(/\/$/, '').endsWith('/sse') ? 'sse' : 'http';
  const transport = entry.transport ?? byPath;
  return {
    kind: 'http',
    url,
    headers: entry.headers ?? {},
    transport,
    oauth: clientCredentials(url, transport, entry, context),
  };
}

function clientCredentials(
  url: string,
  transport: 'http' | 'sse',
  { oauth, credential, headers = {} }: ServerEntry,
  { report }: SourceContext,
): ClientCredentialsConfig | null {
  if (oauth === undefined) return null;
  if (transport === 'sse') {
    report('oauth', { at: 'key', message: 'is for streamable HTTP, and this server is HTTP+SSE' });
  }
  const otherHeaders = [...Object.keys(headers), credential?.header ?? ''];
  if (otherHeaders.some((name) => name.toLowerCase() === 'authorization')) {
    report('oauth', {
      at: 'key',
      message: 'and an Authorization header of another origin; keep one',
    });
  }
  if (!isSafeUrl(oauth.tokenUrl)) {
    report('oauth', { message: 'needs a tokenUrl that is https: the secret is sent there' });
  }
  return { ...oauth, resource: oauth.resource ?? url };
}

function isSafeUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replaceAll(/[[\]]/g, ''));
}

function bundledSource({ name, report }: SourceContext): ServerSource | null {
  if (BUNDLED_SERVERS.includes(name)) return { kind: 'bundled', module: name };
  const near = nearest(name, BUNDLED_SERVERS);
  report(null, {
    at: 'key',
    message: `names no source, and no bundled server has this name (bundled: ${BUNDLED_SERVERS.join(', ')})`,
    hint:
      near === null
        ? 'give it one of "command" (stdio), "url" (http) or "module" (a JavaScript file)'
        : `did you mean "${near}"?`,
  });
  return null;
}
