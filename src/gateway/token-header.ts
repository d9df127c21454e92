/**
 * What a token's header may say. It never brings a key and never chooses how it is verified (RFC 8725 §3.1,
 * §3.10): it only picks among keys whose algorithms the configuration or the issuer's key set fixed. Cheap on
 * purpose (1 µs), so that most forgeries are refused before any cryptography.
 */
import type { TokenAlgorithm, TokenKey } from '../threads/tasks.js';

/** Chosen after common proxies' header limits; nobody's honest token is larger. */
const MAX_TOKEN_CHARS = 8192;
const MAX_KEY_ID_CHARS = 128;
const ALGORITHMS: readonly string[] = ['HS256', 'RS256', 'ES256', 'EdDSA'];
/** Own keys, critical extensions, compression and encryption: none is asked for, so none is honest. */
const REFUSED_MEMBERS = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'zip', 'enc'];

export interface TokenHeader {
  readonly algorithm: TokenAlgorithm;
  readonly keyId: string | null;
}

/** Null when the text is no token, or its header is not one we would have asked for. */
export function readTokenHeader(token: string): TokenHeader | null {
  const header = token.length > MAX_TOKEN_CHARS ? null : parseHeader(token);
  if (header === null) return null;
  for (const name of REFUSED_MEMBERS) if (name in header) return null;
  const { alg, kid = null, typ = 'JWT' } = header;
  if (typeof typ !== 'string' || !/^(application\/)?(jwt|at\+jwt)$/i.test(typ)) return null;
  if (kid !== null && (typeof kid !== 'string' || kid.length > MAX_KEY_ID_CHARS)) return null;
  return isAlgorithm(alg) ? { algorithm: alg, keyId: kid } : null;
}

/** Keys of the header's algorithm that carry its `kid`, or none at all. */
export function keysFor(header: TokenHeader, keys: readonly TokenKey[]): readonly TokenKey[] {
  const { algorithm, keyId } = header;
  return keys.filter(
    (key) => key.algorithm === algorithm && (key.keyId === null || key.keyId === keyId),
  );
}

function isAlgorithm(value: unknown): value is TokenAlgorithm {
  return typeof value === 'string' && ALGORITHMS.includes(value);
}

function parseHeader(token: string): Readonly<Record<string, unknown>> | null {
  const match = /^([\w-]+)\.[\w-]+\.[\w-]+$/.exec(token);
  if (match?.[1] === undefined) return null;
  try {
    const header: unknown = JSON.parse(Buffer.from(match[1], 'base64url').toString());
    return isRecord(header) ? header : null;
  } catch {
    // Not JSON: not a token.
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
