/** What a test of a server comes to: its steps, how the server stands, and what to do when one failed. */
import type { ServerConfig } from '../../config/config.js';
import type { ServerTestReport, ServerTestStep } from '../admin/operations.js';

export function testReport(
  server: ServerConfig,
  state: string,
  steps: readonly ServerTestStep[],
): ServerTestReport {
  const failed = steps.find(({ ok }) => !ok);
  const advice = failed === undefined ? null : adviceOn(server, failed.detail ?? '');
  return { server: server.name, ok: failed === undefined, state, advice, steps };
}

/** By the gateway's own error code where the failure has one (docs/errors.md), else by what is usual. */
function adviceOn(server: ServerConfig, detail: string): string {
  if (detail.includes('GW_SHED') && OWN_WANT.test(detail)) {
    return 'The gateway is at a limit of its own: raise it (LimitNOFILE and TasksMax in a unit), or look at: multi-mcp doctor';
  }
  const code = /GW_[A-Z_]+/.exec(detail)?.[0] ?? '';
  const known = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (known !== undefined) return known(server);
  if (/\b401\b|\b403\b|unauthori[sz]ed|forbidden/i.test(detail)) {
    return 'It refuses the gateway: check "headers", "oauth" or "credential" in its configuration.';
  }
  const ofHttp = BY_HTTP_ANSWER.find(([answer]) => answer.test(detail));
  if (server.source.kind === 'http' && ofHttp !== undefined) return ofHttp[1](server);
  return bySource(server);
}

/** Files, processes or memory, as the refusals of streamable-http.ts and stdio-channel.ts name them. */
const OWN_WANT = /\bhas no (?:file|memory)\b|\bno more processes\b/;

type Advice = (server: ServerConfig) => string;

const logOf: Advice = ({ name }) => `multi-mcp logs --server ${name}`;

const isBusy: Advice = () =>
  'It is busy: its limits are used up by others. Try again, or look at: multi-mcp status';

const BY_CODE: Readonly<Record<string, Advice>> = {
  GW_CREDENTIAL_MISSING: ({ name }) =>
    `It takes each user's own credential, and the test's user has none: multi-mcp credentials set ${name} --user multi-mcp-test`,
  GW_UPSTREAM_TIMEOUT: (server) =>
    `It is reached and does not answer within ${server.connectionPool.requestTimeoutMs} ms (connectionPool.requestTimeout). Look at its own log, and: ${logOf(server)}`,
  GW_CIRCUIT_OPEN: (server) =>
    `It failed too often and is left alone for a while. The failures: ${logOf(server)}`,
  GW_RATE_LIMITED: isBusy,
  GW_USER_BUSY: isBusy,
  GW_SHED: isBusy,
  GW_QUEUE_TIMEOUT: isBusy,
};

/** Of an HTTP server that is reached: it is not asked as it wants to be. */
const BY_HTTP_ANSWER: readonly (readonly [RegExp, Advice])[] = [
  [
    /answered with a redirect/,
    () =>
      'It redirects, which the gateway does not follow: once it was checked, multi-mcp servers list names the address; if that is right, make it the "url".',
  ],
  [
    /\b405\b|method not allowed/i,
    () =>
      'It takes no POST at this address: check the path of "url"; a server of the older HTTP+SSE transport needs "transport": "sse".',
  ],
  [
    /\b404\b|not found/i,
    () => 'It is reached, and there is nothing at this address: check the path of "url".',
  ],
  [
    /\b421\b|invalid host/i,
    () =>
      'It refuses the host name of "url", as a guard against DNS rebinding: allow the name at the server, or use one that it takes.',
  ],
];

function bySource(server: ServerConfig): string {
  const { source } = server;
  switch (source.kind) {
    case 'http':
      return `Ask it from this machine: curl -sv ${new URL(source.url).origin} (address, DNS, firewall, certificate). What was logged: ${logOf(server)}`;
    case 'stdio':
      return `Run ${source.command} by hand as the gateway's user; what it wrote to standard error: ${logOf(server)}`;
    case 'module':
    case 'bundled':
      return `What the module threw: ${logOf(server)}`;
  }
}
