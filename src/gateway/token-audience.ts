/**
 * Whom a token is meant for (RFC 8707, RFC 9068 §4): the gateway as a whole, or single servers of it by their
 * URLs. A token for someone else must not open this gateway, or whoever got it there could use it here.
 */
import type { TokenRules } from '../threads/tasks.js';

const MAX_AUDIENCES = 64;

/**
 * Null: every server; a list: these; `foreign`: not us. `isOurs`: signed with our own secret, which no other
 * service's tokens are, so that its tokens may go without audience unless the operator asks for one.
 */
export function serversInAudience(
  claim: unknown,
  { audience, resource = null }: Pick<TokenRules, 'audience' | 'resource'>,
  isOurs: boolean,
): readonly string[] | null | 'foreign' {
  if (audience === null && resource === null) return null;
  if (claim === undefined && isOurs && audience === null) return null;
  const named: unknown = typeof claim === 'string' ? [claim] : claim;
  if (!Array.isArray(named) || named.length > MAX_AUDIENCES) return 'foreign';
  const servers: string[] = [];
  for (const each of named) {
    if (typeof each !== 'string') return 'foreign';
    if (each === audience) return null;
    if (resource === null) continue;
    // An origin is written with and without the slash that URL parsers add.
    if (each === resource || each === `${resource}/`) return null;
    const server = serverOf(each, resource);
    if (server !== null) servers.push(server);
  }
  return servers.length === 0 ? 'foreign' : servers;
}

/** `{resource}/{server}/mcp` → the server. */
function serverOf(audience: string, resource: string): string | null {
  if (!audience.startsWith(`${resource}/`) || !audience.endsWith('/mcp')) return null;
  const name = audience.slice(resource.length + 1, -'/mcp'.length);
  return name === '' || name.includes('/') ? null : name;
}
