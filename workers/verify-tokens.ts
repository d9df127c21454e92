/**
 * Thread task: which of these tokens hold, and for whom. Pure: keys, rules and the time come in. The keys'
 * algorithms are fixed by the configuration and the token's header only picks among them; headers that try
 * to bring a key of their own are refused (RFC 8725 §3.1, §3.10). jsonwebtoken verifies, and jose where it
 * cannot (EdDSA).
 */
import { jwtVerify } from 'jose';
import jwt from 'jsonwebtoken';
import { readTokenClaims } from '../src/gateway/token-claims.js';
import type {
  TokenKey,
  TokenRefusal,
  TokenVerdict,
  VerifyTokensInput,
} from '../src/threads/tasks.js';

/** Chosen after common proxies' header limits; nobody's honest token is larger. */
const MAX_TOKEN_CHARS = 8192;
const MAX_KEY_ID_CHARS = 128;

type Context = Pick<VerifyTokensInput, 'rules' | 'nowSeconds'>;
type Claims = Readonly<Record<string, unknown>>;

export default async function verifyTokens(input: VerifyTokensInput): Promise<TokenVerdict[]> {
  const verdicts: TokenVerdict[] = [];
  for (const token of input.tokens) verdicts.push(await verifyToken(token, input.keys, input));
  return verdicts;
}

async function verifyToken(
  token: string,
  keys: readonly TokenKey[],
  context: Context,
): Promise<TokenVerdict> {
  let refusal: TokenRefusal = 'untrusted';
  for (const key of keysFor(token, keys)) {
    try {
      const claims = await verifySignature(token, key, context);
      return readTokenClaims(claims, context.rules, context.nowSeconds);
    } catch (error) {
      refusal = refusalOf(error);
      // The signature held, so no other key will do better.
      if (refusal !== 'untrusted') break;
    }
  }
  return { ok: false, refusal };
}

/** None when the header is not one we would have asked for. */
function keysFor(token: string, keys: readonly TokenKey[]): readonly TokenKey[] {
  const header = token.length > MAX_TOKEN_CHARS ? null : readHeader(token);
  if (header === null) return [];
  for (const name of ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'zip', 'enc']) {
    if (name in header) return [];
  }
  const { alg, kid = null, typ = 'JWT' } = header;
  if (typeof typ !== 'string' || !/^(application\/)?(jwt|at\+jwt)$/i.test(typ)) return [];
  if (kid !== null && (typeof kid !== 'string' || kid.length > MAX_KEY_ID_CHARS)) return [];
  return keys.filter((key) => key.algorithm === alg && (key.keyId === null || key.keyId === kid));
}

function readHeader(token: string): Claims | null {
  const match = /^([\w-]+)\.[\w-]+\.[\w-]+$/.exec(token);
  if (match?.[1] === undefined) return null;
  try {
    const header: unknown = JSON.parse(Buffer.from(match[1], 'base64url').toString());
    return isClaims(header) ? header : null;
  } catch {
    // Not JSON: not a token.
    return null;
  }
}

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function verifySignature(token: string, key: TokenKey, context: Context): Promise<Claims> {
  const { rules, nowSeconds } = context;
  const expected = {
    clockTolerance: rules.leewaySeconds,
    ...(rules.issuer === null ? {} : { issuer: rules.issuer }),
    ...(rules.audience === null ? {} : { audience: rules.audience }),
  };
  if (key.algorithm === 'EdDSA') {
    const currentDate = new Date(nowSeconds * 1000);
    const algorithms = [key.algorithm];
    return (await jwtVerify(token, key.key, { ...expected, algorithms, currentDate })).payload;
  }
  const algorithms = [key.algorithm];
  const claims: unknown = jwt.verify(token, key.key, {
    ...expected,
    algorithms,
    clockTimestamp: nowSeconds,
  });
  return isClaims(claims) ? claims : {};
}

/** Both libraries check the claims after the signature, so a named refusal means that the signature held. */
function refusalOf(error: unknown): TokenRefusal {
  if (!(error instanceof Error)) return 'untrusted';
  if (error.name === 'TokenExpiredError' || error.name === 'JWTExpired') return 'expired';
  if (error.name === 'NotBeforeError') return 'not-yet';
  if (error.name === 'JWTClaimValidationFailed') return refusalOfClaim(error);
  if (error.message.startsWith('jwt issuer invalid')) return 'wrong-issuer';
  if (error.message.startsWith('jwt audience invalid')) return 'wrong-audience';
  return /^invalid (exp|nbf) value$/.test(error.message) ? 'bad-claims' : 'untrusted';
}

function refusalOfClaim(error: Error): TokenRefusal {
  const claim: unknown = 'claim' in error ? error.claim : '';
  if (claim === 'iss') return 'wrong-issuer';
  if (claim === 'aud') return 'wrong-audience';
  if (claim === 'nbf' && 'reason' in error && error.reason === 'check_failed') return 'not-yet';
  return 'bad-claims';
}
