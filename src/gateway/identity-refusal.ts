/**
 * Why an identity was not accepted, and how that is said: a 401 with a challenge (RFC 6750 §3, RFC 9728
 * §5.1) and the next step for whoever reads it. An unknown id and a wrong secret are one reason, so that
 * nobody learns which ids exist; expired and revoked are told only to who holds the right secret.
 */
import { GatewayError } from '../kernel/errors.js';
import type { TokenRefusal } from '../threads/tasks.js';

export type IdentityRefusal =
  'missing' | 'malformed' | 'unknown-key' | 'revoked-key' | 'expired-key' | TokenRefusal;

const MAKE_KEY = 'Make a key with: multi-mcp keys create --user NAME';
const MAKE_TOKEN = 'Make a token with: multi-mcp token --user NAME';

/** Client-safe, ASCII, no double quotes: they stand inside a quoted header value. */
const EXPLANATIONS: Readonly<Record<IdentityRefusal, readonly [why: string, next: string]>> = {
  missing: ['Send an API key or token as Authorization: Bearer KEY, or as X-API-Key.', MAKE_KEY],
  malformed: [
    'The credential is neither a whole API key nor a token; was it cut, or is a variable not filled in?',
    MAKE_KEY,
  ],
  'unknown-key': ['The API key is not known.', MAKE_KEY],
  'revoked-key': ['The API key was revoked.', MAKE_KEY],
  'expired-key': ['The API key expired.', MAKE_KEY],
  untrusted: ['The token is not signed by a key trusted here.', MAKE_TOKEN],
  expired: ['The token expired.', MAKE_TOKEN],
  'not-yet': ['The token is not valid yet; are the clocks set?', MAKE_TOKEN],
  'wrong-issuer': ['The token is from another issuer.', MAKE_TOKEN],
  'wrong-audience': ['The token is meant for another audience.', MAKE_TOKEN],
  'lives-too-long': ['The token lives longer than this gateway allows.', MAKE_TOKEN],
  'bad-claims': ['The token lacks exp or sub, or its claims have other types.', MAKE_TOKEN],
};

/** What a challenge tells about the server that was asked for. */
export interface Challenge {
  /** Its RFC 9728 document; null when no authorization server is configured. */
  readonly metadataUrl: string | null;
  /** Scopes that any use of it needs. */
  readonly scopes: readonly string[];
}

export const NO_CHALLENGE: Challenge = { metadataUrl: null, scopes: [] };

export function refuseIdentity(
  refusal: IdentityRefusal,
  { metadataUrl, scopes }: Challenge,
): GatewayError {
  const [why, next] = EXPLANATIONS[refusal];
  return new GatewayError('GW_UNAUTHENTICATED', {
    hint: `${why} ${next}`,
    headers: {
      'www-authenticate': challenge(
        // Without a credential there is nothing wrong yet, so no error code (RFC 6750 §3.1).
        [
          ...(refusal === 'missing' ? [] : ['error="invalid_token"', `error_description="${why}"`]),
          ...scopePart(scopes),
        ],
        metadataUrl,
      ),
    },
    log: { refusal },
  });
}

/** For a request that carries two different credentials. */
export function refuseAmbiguity({ metadataUrl }: Challenge): GatewayError {
  const why = 'Authorization and X-API-Key carry different credentials; send one of them.';
  return new GatewayError('GW_BAD_REQUEST', {
    hint: why,
    headers: {
      'www-authenticate': challenge(
        ['error="invalid_request"', `error_description="${why}"`],
        metadataUrl,
      ),
    },
  });
}

/** For a credential that was not looked at, since too many from its source were refused. */
export function refuseUnverified(waitMs: number): GatewayError {
  return new GatewayError('GW_RATE_LIMITED', {
    hint: 'Too many credentials from this address were refused; new ones are not verified until fewer are.',
    retryAfterMs: waitMs,
    data: { policy: 'failed-credentials' },
  });
}

/** For a good token without the scopes; `needed` are all of this use, in one challenge (MCP step-up). */
export function refuseScope(needed: readonly string[], { metadataUrl }: Challenge): GatewayError {
  const why = 'The token lacks a scope that this needs.';
  return new GatewayError('GW_FORBIDDEN', {
    hint: `${why} Ask the authorization server for: ${needed.join(' ')}`,
    headers: {
      'www-authenticate': challenge(
        ['error="insufficient_scope"', ...scopePart(needed), `error_description="${why}"`],
        metadataUrl,
      ),
    },
    data: { scopes: needed },
  });
}

/** Scopes hold no quote or backslash: the configuration's schema saw to it. */
function scopePart(scopes: readonly string[]): readonly string[] {
  return scopes.length === 0 ? [] : [`scope="${scopes.join(' ')}"`];
}

function challenge(parts: readonly string[], metadataUrl: string | null): string {
  // The server's part of the URL came from the client; quotes in it would end the quoted value.
  const isQuotable = metadataUrl !== null && /^[!#-[\]-~]+$/.test(metadataUrl);
  const metadata = isQuotable ? [`resource_metadata="${metadataUrl}"`] : [];
  return `Bearer ${['realm="multi-mcp"', ...parts, ...metadata].join(', ')}`;
}
