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
function adviceOn({ name, source, connectionPool }: ServerConfig, detail: string): string {
  const log = `multi-mcp logs --server ${name}`;
  switch (/GW_[A-Z_]+/.exec(detail)?.[0]) {
    case 'GW_CREDENTIAL_MISSING':
      return `It takes each user's own credential, and the test's user has none: multi-mcp credentials set ${name} --user multi-mcp-test`;
    case 'GW_UPSTREAM_TIMEOUT':
      return `It is reached and does not answer within ${connectionPool.requestTimeoutMs} ms (connectionPool.requestTimeout). Look at its own log, and: ${log}`;
    case 'GW_CIRCUIT_OPEN':
      return `It failed too often and is left alone for a while. The failures: ${log}`;
    case 'GW_RATE_LIMITED':
    case 'GW_USER_BUSY':
    case 'GW_SHED':
    case 'GW_QUEUE_TIMEOUT':
      return 'It is busy: its limits are used up by others. Try again, or look at: multi-mcp status';
    default:
  }
  if (/\b401\b|\b403\b|unauthori[sz]ed|forbidden/i.test(detail)) {
    return 'It refuses the gateway: check "headers", "oauth" or "credential" in its configuration.';
  }
  switch (source.kind) {
    case 'http':
      return `Ask it from this machine: curl -sv ${new URL(source.url).origin} (address, DNS, firewall, certificate). What was logged: ${log}`;
    case 'stdio':
      return `Run ${source.command} by hand as the gateway's user; what it wrote to standard error: ${log}`;
    case 'module':
    case 'bundled':
      return `What the module threw: ${log}`;
  }
}
