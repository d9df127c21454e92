/** The first lines a person sees: where it serves, on what, and what to do next. Pure text. */
import type { Config } from '../../config/config.js';
import type { ServerView } from '../admin/operations.js';

export interface BannerFacts {
  readonly version: string;
  readonly config: Config;
  readonly port: number;
  /** Null: no worker has said yet. */
  readonly front: { readonly name: string; readonly reason: string } | null;
  readonly store: string;
  readonly cpuCount: number;
  readonly servers: readonly ServerView[];
  /** Sentences about settings that cost safety or speed. */
  readonly warnings: readonly string[];
}

export function bannerText(facts: BannerFacts): string {
  const { config, port, servers, version } = facts;
  const url = `http://${urlHost(config.host)}:${port}`;
  const threads = config.uvThreadpoolSize * config.workers;
  const poolNote =
    threads > facts.cpuCount * 4 ? `; more than 4 × ${facts.cpuCount} cores rarely helps` : '';
  const first = servers.find(({ enabled }) => enabled)?.name ?? '{server}';
  const lines = [
    `Multi-MCP Server ${version} · node ${process.version} · pid ${process.pid}`,
    `  url        ${url}/${first}/mcp   (health ${url}/health, metrics ${url}/metrics)`,
    `  dashboard  ${url}/dashboard`,
    ...(facts.front === null ? [] : [`  front      ${facts.front.name} (${facts.front.reason})`]),
    `  workers    ${config.workers} HTTP, ${config.upstreamHosts} upstream host`,
    `  threads    UV_THREADPOOL_SIZE ${config.uvThreadpoolSize} per process x ${config.workers} workers = ${threads}${poolNote}`,
    `  store      ${facts.store}${config.store.mongodbUri === null ? '; MONGODB_URI is not set: for one machine' : ''}`,
    `  servers    ${servers.map(describeServer).join(', ') || 'none; add some to the configuration'}`,
    `  config     ${config.configPath ?? 'built in'}`,
    `  logs       ${config.logDir}`,
    ...facts.warnings.map((warning) => `  warning    ${warning}`),
  ];
  return `${lines.join('\n')}\n`;
}

function describeServer({ name, kind, state, detail }: ServerView): string {
  const reason = state === 'failing' && detail !== null ? `: ${detail}` : '';
  const words = state === 'configured' ? 'being asked' : state;
  return `${name} (${kind}, ${words}${reason})`;
}

/** A ready first call, to be pasted into a shell. */
export function firstKeyText(key: string, url: string, server: string): string {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}';
  const meta =
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
  return [
    '',
    'First start: this API key is shown once. Keep it; `multi-mcp keys revoke` ends it.',
    '',
    `  ${key}`,
    '',
    'Try it:',
    `  curl -s ${url}/${server}/mcp -H 'Authorization: Bearer ${key}' \\`,
    `    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\`,
    `    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/list' \\`,
    `    -d '${body.replace('{}', `{${meta}}`)}'`,
    '',
    '',
  ].join('\n');
}

export function urlHost(host: string): string {
  // By number: a container without /etc/hosts knows no localhost, and the gateway calls itself by this too.
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
