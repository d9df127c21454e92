/**
 * What a token must bring beside being good: it is meant for this server (audience, RFC 8707) and has the
 * scopes that the server's configuration demands. API keys are subject to neither. The answers tell the
 * client how to get a token that will do (RFC 6750 §3.1, RFC 9728 §5.1).
 */
import type { ClassifiedPost } from '../mcp/classify.js';
import type { ScopeRules } from '../policy/scope-rules.js';
import { refuseIdentity, refuseScope, type Challenge } from './identity-refusal.js';
import type { Principal } from './principal.js';

/** Throws GW_UNAUTHENTICATED for a token that is meant for other servers only. */
export function requireAudience(
  { audienceServers = null }: Principal,
  server: string,
  challengeOf: (server: string) => Challenge,
): void {
  if (audienceServers === null || audienceServers.has(server)) return;
  throw refuseIdentity('wrong-audience', challengeOf(server));
}

/** Throws GW_FORBIDDEN that names every scope of this use in one challenge. `post`: null for GET and DELETE. */
export function requireScopes(
  { scopes }: Principal,
  rules: ScopeRules,
  post: ClassifiedPost | null,
  challenge: Challenge,
): void {
  if (scopes === null) return;
  const needed = rules.neededFor(post === null ? [] : calledTools(post));
  if (needed.every((scope) => scopes.has(scope))) return;
  throw refuseScope(needed, challenge);
}

function calledTools(post: ClassifiedPost): readonly string[] {
  const messages = post.era === 'modern' ? [post.message] : post.messages;
  return messages.flatMap(({ method, name }) =>
    method === 'tools/call' && name !== null ? [name] : [],
  );
}
