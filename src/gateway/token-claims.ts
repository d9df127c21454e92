/**
 * What the claims of a token with a good signature say, or why they will not do. Stricter than the JWT
 * libraries where these are lax: `exp` must be there and finite (JSON's 1e400 is Infinity), and server
 * lists that cannot be understood refuse the token instead of meaning "all".
 */
import type { TokenIdentity, TokenRefusal, TokenRules, TokenVerdict } from '../threads/tasks.js';
import { serversInAudience } from './token-audience.js';

/** Chosen: fits e-mail addresses and issuers' opaque ids; bounds log lines and table keys. */
const MAX_USER_CHARS = 256;
const MAX_SERVERS = 256;
const MAX_SCOPES = 64;
const MAX_API_KEY_CHARS = 128;

/**
 * `exp`, `nbf` and `iss` were checked by the library; lifetimes, the audience and our own claims are checked
 * here. `isOurs`: signed with the gateway's own secret.
 */
export function readTokenClaims(
  claims: Readonly<Record<string, unknown>>,
  rules: TokenRules,
  nowSeconds: number,
  isOurs: boolean,
): TokenVerdict {
  const audienceServers = serversInAudience(claims['aud'], rules, isOurs);
  if (audienceServers === 'foreign') return refused('wrong-audience');
  const user = userIn(claims);
  const expiresAtSeconds = claims['exp'];
  const scopes = wordsIn(claims['scope'], MAX_SCOPES);
  const servers = serversIn(claims, scopes ?? []);
  const apiKey = claims['apiKey'] ?? null;
  if (user === null || scopes === null || servers === 'unreadable') return refused('bad-claims');
  if (apiKey !== null && (typeof apiKey !== 'string' || apiKey.length > MAX_API_KEY_CHARS)) {
    return refused('bad-claims');
  }
  if (!isInstant(expiresAtSeconds)) return refused('bad-claims');
  const issuedAtSeconds = claims['iat'] ?? nowSeconds;
  if (!isInstant(issuedAtSeconds)) return refused('bad-claims');
  // An `iat` in the future would stretch the lifetime.
  if (issuedAtSeconds > nowSeconds + rules.leewaySeconds) return refused('not-yet');
  const lifetimeSeconds = expiresAtSeconds - issuedAtSeconds;
  if (lifetimeSeconds > rules.maxLifetimeSeconds) return refused('lives-too-long');
  const identity: TokenIdentity = {
    user,
    servers,
    audienceServers,
    scopes,
    apiKey,
    expiresAtSeconds,
  };
  return { ok: true, identity };
}

function refused(refusal: TokenRefusal): TokenVerdict {
  return { ok: false, refusal };
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** `sub` as registered (RFC 7519 §4.1.2), else `userId`. */
function userIn(claims: Readonly<Record<string, unknown>>): string | null {
  const user = claims['sub'] ?? claims['userId'];
  return typeof user === 'string' && isUserName(user) ? user : null;
}

/** Whether a text can name a user everywhere a user is named: store, metrics, logs, headers. */
export function isUserName(text: string): boolean {
  return text.length <= MAX_USER_CHARS && /^[^\p{Cc}\p{Surrogate}]+$/u.test(text);
}

/** Each claim that is present narrows the list; a token that names none may use every server. */
function serversIn(
  claims: Readonly<Record<string, unknown>>,
  scopes: readonly string[],
): readonly string[] | null | 'unreadable' {
  const named = wordsIn(claims['servers'], MAX_SERVERS);
  const single = wordsIn(claims['serverId'], MAX_SERVERS);
  if (named === null || single === null) return 'unreadable';
  const scoped = scopes.filter((scope) => scope.startsWith('server:')).map((s) => s.slice(7));
  const lists = [
    ...('servers' in claims ? [named] : []),
    ...('serverId' in claims ? [single] : []),
    ...(scoped.length > 0 ? [scoped] : []),
  ];
  const [first, ...others] = lists;
  if (first === undefined) return null;
  return first.filter((server) => others.every((list) => list.includes(server)));
}

/** A list of texts or one text of space-separated words; absent is empty, anything else is null. */
function wordsIn(value: unknown, max: number): readonly string[] | null {
  if (value === undefined) return [];
  const words: unknown = typeof value === 'string' ? value.split(' ').filter(Boolean) : value;
  if (!Array.isArray(words) || words.length > max) return null;
  return words.every((word): word is string => typeof word === 'string') ? words : null;
}
