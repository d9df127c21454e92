/** `servers` and `mcpServers` together, each entry with its source resolved and its names and units ours. */
import { fromClientEntry, URL_KEYS } from './client-servers.js';
import type { NameRulesConfig, ServerConfig } from './config.js';
import { credentialInjection } from './credential-injection.js';
import type { Findings } from './findings.js';
import type { ConfigFile } from './schema.js';
import { serverNameProblem } from './server-name.js';
import type { ServerEntry } from './server-schema.js';
import { serverSource } from './server-source.js';
import type { SourceContext } from './server-source.js';

/** `folder` is the configuration file's. Servers without a usable source are left out. */
export function toServers(
  file: ConfigFile,
  folder: string,
  findings: Findings,
): Record<string, ServerConfig> {
  const servers = listed(file, findings).map(({ path, name, entry }) => {
    const wrongName = serverNameProblem(name);
    if (wrongName !== null) findings.add(path, wrongName);
    const server = toServer(entry, {
      name,
      folder,
      idleTimeoutMs: file.global.idleTimeout,
      isExplained: (key) =>
        (key === 'url' ? URL_KEYS : [key]).some((each) => findings.isExplained([...path, each])),
      report: (key, what) => {
        findings.report(key === null ? path : [...path, key], what);
      },
    });
    const cap = server?.connectionPool.maxConnections ?? 0;
    const total = file.global.maxTotalConnections;
    if (cap > total) {
      const message = `is ${cap}, and global.maxTotalConnections ends at ${total} before`;
      findings.warn([...path, 'connectionPool', 'maxConnections'], { message });
    }
    return server;
  });
  return Object.fromEntries(
    servers.filter((server) => server !== null).map((server) => [server.name, server]),
  );
}

interface Listed {
  readonly path: readonly [string, string];
  readonly name: string;
  readonly entry: ServerEntry;
}

function listed({ servers, mcpServers }: ConfigFile, findings: Findings): Listed[] {
  const own = Object.entries(servers).map(([name, entry]): Listed => ({
    path: ['servers', name],
    name,
    entry,
  }));
  const pasted = Object.entries(mcpServers).flatMap(([name, clientEntry]): Listed[] => {
    const path = ['mcpServers', name] as const;
    const entry = fromClientEntry(name, clientEntry, {
      report: findings.report.bind(findings),
      warn: findings.warn.bind(findings),
    });
    if (!Object.hasOwn(servers, name)) return [{ path, name, entry }];
    findings.add(path, { at: 'key', message: 'is in "servers" as well; keep one' });
    return [];
  });
  return [...own, ...pasted];
}

function toServer(entry: ServerEntry, context: SourceContext): ServerConfig | null {
  const source = serverSource(entry, context);
  if (source === null) return null;
  const { connectionPool } = entry;
  return {
    name: context.name,
    enabled: entry.enabled,
    rateLimit: entry.rateLimit ?? null,
    connectionPool: {
      maxConnections: connectionPool.maxConnections ?? null,
      adaptiveLimit: connectionPool.adaptiveLimit,
      requestTimeoutMs: connectionPool.requestTimeout,
      streamIdleTimeoutMs: connectionPool.streamIdleTimeout,
      streamMaxMs: connectionPool.streamMaxTime,
    },
    era: entry.era,
    maxBodyBytes: entry.maxBodyBytes ?? null,
    tools: nameRules(entry.tools),
    prompts: nameRules(entry.prompts),
    resources: nameRules(entry.resources),
    scopes: entry.scopes,
    pinning: entry.pinning,
    credential: credentialInjection(entry.credential, source, (message) => {
      context.report('credential', { message });
    }),
    source,
  };
}

function nameRules({ allow, deny }: ServerEntry['tools']): NameRulesConfig {
  return { allow: allow ?? null, deny };
}
