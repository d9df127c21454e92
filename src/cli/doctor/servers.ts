/**
 * Each server that is switched on: through the running gateway as a client would call it; without one, whether
 * anything answers at the addresses of the remote ones.
 */
import type { ServerConfig } from '../../../config/config.js';
import { EXIT } from '../../kernel/exit-codes.js';
import type { ServerView } from '../../admin/operations.js';
import { expect, isServerView, isTestReport, listOf } from '../admin-replies.js';
import type { Patient, RunningGateway } from './check.js';
import { failure, fine, note, type Finding } from './finding.js';

const CONNECT_TIMEOUT_MS = 5000;
/** Starting many stdio servers at once would measure the machine, not them. */
const AT_ONCE = 4;

/** A server may download itself when it is first started. */
export const SERVERS_TIMEOUT_MS = 130_000;

export async function examineServers(patient: Patient): Promise<readonly Finding[]> {
  const { inspection, gateway } = patient;
  if (inspection === null) return [];
  if (gateway !== null) return examineRunning(gateway);
  const enabled = Object.values(inspection.config.servers).filter((server) => server.enabled);
  if (enabled.length === 0) return [note('servers', 'none is configured', 'docs/configuration.md')];
  return inBatches(enabled, examineCold);
}

/** Those added at run time too. */
async function examineRunning(gateway: RunningGateway): Promise<readonly Finding[]> {
  const views = expect(listOf(isServerView), await gateway.ask('GET', '/servers'));
  const invalid = views
    .filter(({ state }) => state === 'invalid')
    .map(({ name, detail }) => {
      const fix = `multi-mcp servers add ${name} --replace …, or: multi-mcp servers remove ${name}`;
      return failure(`server ${name}`, `is not served: ${detail ?? ''}`, fix, EXIT.config);
    });
  const enabled = views.filter((server) => server.enabled);
  if (enabled.length === 0 && invalid.length === 0) {
    return [note('servers', 'none is configured', 'docs/configuration.md')];
  }
  return [...(await inBatches(enabled, (server) => examineThrough(gateway, server))), ...invalid];
}

async function inBatches<Server>(
  servers: readonly Server[],
  examine: (server: Server) => Promise<Finding>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (let index = 0; index < servers.length; index += AT_ONCE) {
    findings.push(...(await Promise.all(servers.slice(index, index + AT_ONCE).map(examine))));
  }
  return findings;
}

async function examineThrough(gateway: RunningGateway, { name }: ServerView): Promise<Finding> {
  const check = `server ${name}`;
  const json = await gateway.ask('POST', `/servers/${encodeURIComponent(name)}/test`);
  const { ok, steps } = expect(isTestReport, json);
  const ms = steps.reduce((total, { durationMs }) => total + durationMs, 0);
  if (ok) {
    const details = steps.flatMap(({ detail }) => detail ?? []).join(', ');
    return fine(check, `${details} in ${Math.round(ms)} ms`);
  }
  const failed = steps.find((step) => !step.ok);
  const reason = (failed?.detail ?? 'no reason given').split('\n')[0] ?? '';
  const message = `${failed?.step ?? 'test'} failed: ${reason}`;
  return failure(check, message, `multi-mcp servers test ${name}`, EXIT.unavailable);
}

async function examineCold({ name, source }: ServerConfig): Promise<Finding> {
  const check = `server ${name}`;
  if (source.kind !== 'http') {
    return note(check, `${source.kind}: called when the gateway runs`, `multi-mcp start`);
  }
  try {
    // Any answer proves that somebody is there; OPTIONS opens no session.
    const response = await fetch(source.url, {
      method: 'OPTIONS',
      redirect: 'manual',
      signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return fine(check, `${new URL(source.url).host} answers (${response.status})`);
  } catch (thrown) {
    const message = `${new URL(source.url).host} cannot be reached: ${networkReason(thrown)}`;
    const fix = 'check the address, DNS, the firewall and the certificate';
    return failure(check, message, fix, EXIT.unavailable);
  }
}

/** fetch says only "fetch failed"; the reason is its cause. */
export function networkReason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.name === 'TimeoutError') return 'no answer in time';
  const { cause } = thrown;
  if (!(cause instanceof Error)) return thrown.message;
  const code = 'code' in cause ? String(cause.code) : cause.name;
  return cause.message.includes(code) ? cause.message : `${code} ${cause.message}`.trim();
}
