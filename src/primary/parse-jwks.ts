/**
 * An issuer's key set (RFC 7517) → the keys we verify with. Each key gets exactly one algorithm, fixed here:
 * its `alg`, or the only one we accept of its type (RFC 8725 §3.1). Shared secrets, private keys, keys for
 * encryption and keys too weak or of other curves are left out, and the set is refused when nothing is left.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { IssuerKey } from '../ipc/issuer-keys-messages.js';

export interface ParsedJwks {
  readonly keys: readonly IssuerKey[];
  /** Why keys were left out, for the log. */
  readonly ignored: readonly string[];
}

/** Chosen: issuers publish two to ten. */
const MAX_KEYS = 64;
const MAX_KEY_ID_CHARS = 128;
const MIN_RSA_BITS = 2048;
/** Verification grows with the square of the size; nobody's honest key is larger. */
const MAX_RSA_BITS = 8192;

/** Throws an Error that says what is wrong with the document. */
export function parseJwks(text: string): ParsedJwks {
  const document: unknown = JSON.parse(text);
  const listed = isRecord(document) ? document['keys'] : undefined;
  if (!Array.isArray(listed)) throw new Error('the document has no "keys" list');
  if (listed.length > MAX_KEYS) throw new Error(`more than ${MAX_KEYS} keys`);
  const keys: IssuerKey[] = [];
  const ignored: string[] = [];
  listed.forEach((jwk: unknown, n) => {
    const key = isRecord(jwk) ? readKey(jwk) : 'not an object';
    if (typeof key === 'string') ignored.push(`key ${n + 1}: ${key}`);
    else keys.push(key);
  });
  if (keys.length === 0) throw new Error(['no usable key', ...ignored].join('; '));
  return { keys, ignored };
}

/** The key, or why it is not used. */
function readKey(jwk: Readonly<Record<string, unknown>>): IssuerKey | string {
  const { kid = null, use = 'sig', key_ops: operations = ['verify'] } = jwk;
  if (kid !== null && (typeof kid !== 'string' || kid.length > MAX_KEY_ID_CHARS))
    return 'odd "kid"';
  if (use !== 'sig') return 'not for signatures';
  if (!Array.isArray(operations) || !operations.includes('verify')) return 'not for verification';
  if ('d' in jwk || 'k' in jwk) return 'a secret, which no one should publish';
  const key = importKey(jwk);
  if (key === null) return 'not a public key';
  const algorithm = algorithmOf(key);
  if (algorithm === null) return `not RS256, ES256 or EdDSA, or of a bad size`;
  const { alg = algorithm } = jwk;
  if (alg !== algorithm && !(alg === 'Ed25519' && algorithm === 'EdDSA')) {
    return `"alg" is not ${algorithm}`;
  }
  return { keyId: kid, algorithm, pem: key.export({ type: 'spki', format: 'pem' }).toString() };
}

function importKey(jwk: JsonWebKey): KeyObject | null {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // OpenSSL's reasons are codes that help nobody.
    return null;
  }
}

function algorithmOf(key: KeyObject): IssuerKey['algorithm'] | null {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    return modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS ? 'RS256' : null;
  }
  if (key.asymmetricKeyType === 'ec') return namedCurve === 'prime256v1' ? 'ES256' : null;
  return key.asymmetricKeyType === 'ed25519' ? 'EdDSA' : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
