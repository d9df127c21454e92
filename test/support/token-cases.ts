/**
 * Attacks on tokens as data, after the list that jwt_tool and RFC 8725 teach, with honest tokens among them.
 * Signatures are made by hand here, so that what the library would refuse to sign can be tried too.
 */
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export const NOW_SECONDS = 1_800_000_000;
export const SECRET = 'a secret of thirty-two bytes or more, for tests';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
export const PUBLIC_KEYS = { rsa: rsa.publicKey, ec: ec.publicKey, ed: ed.publicKey };
const RSA_PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const HS256 = { alg: 'HS256', typ: 'JWT' };
const FORGED: Record<string, unknown> = { sub: 'admin', exp: NOW_SECONDS + 3600 };
const CLAIMS = { sub: 'ana', iat: NOW_SECONDS - 60, exp: NOW_SECONDS + 3600 };

/** Text stands for itself, for JSON that no object can express. */
type Part = Record<string, unknown> | string;
type Signer = (text: string) => string;

const text = (part: Part) => (typeof part === 'string' ? part : JSON.stringify(part));
const encode = (part: Part) => Buffer.from(text(part)).toString('base64url');
export const hmac =
  (secret: string, hash = 'sha256'): Signer =>
  (signed) =>
    createHmac(hash, secret).update(signed).digest('base64url');
const withKey =
  (hash: string | null, key: KeyObject): Signer =>
  (signed) =>
    sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

export function token(header: Part = HS256, claims: Part = CLAIMS, signer = hmac(SECRET)): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${signer(signed)}`;
}

const claims = (change: Record<string, unknown>) => token(HS256, { ...CLAIMS, ...change });
const header = (change: Record<string, unknown>, signer?: Signer) =>
  token({ ...HS256, ...change }, CLAIMS, signer);
const asJson = (change: string) => token(HS256, `{"sub":"ana","iat":${CLAIMS.iat},${change}}`);

/** `accepted` or the refusal. */
export const TOKEN_CASES: readonly (readonly [name: string, token: string, expected: string])[] = [
  ['an honest token', token(), 'accepted'],
  ['an honest token signed before a rotation', token(HS256, CLAIMS, hmac(`${SECRET} (previous)`)), 'accepted'],
  ['an honest RS256 token', header({ alg: 'RS256', kid: 'rsa' }, withKey('sha256', rsa.privateKey)), 'accepted'],
  ['an honest ES256 token', header({ alg: 'ES256', kid: 'x' }, withKey('sha256', ec.privateKey)), 'accepted'],
  ['an honest EdDSA token', header({ alg: 'EdDSA' }, withKey(null, ed.privateKey)), 'accepted'],
  ['typ at+jwt', header({ typ: 'at+jwt' }), 'accepted'],
  ['no typ', token({ alg: 'HS256' }), 'accepted'],

  ...['none', 'None', 'NONE', 'nOnE', 'none ', ''].flatMap((alg) => [
    [`alg ${JSON.stringify(alg)} without signature`, header({ alg }, () => ''), 'untrusted'] as const,
    [`alg ${JSON.stringify(alg)} with a signature`, header({ alg }), 'untrusted'] as const,
  ]),
  ['no alg', token({ typ: 'JWT' }), 'untrusted'],
  ['alg as a list', header({ alg: ['HS256'] }), 'untrusted'],
  ['alg in lower case', header({ alg: 'hs256' }), 'untrusted'],
  ['HS384 with the right secret', header({ alg: 'HS384' }, hmac(SECRET, 'sha384')), 'untrusted'],
  ['HS512 with the right secret', header({ alg: 'HS512' }, hmac(SECRET, 'sha512')), 'untrusted'],
  ['RS256 header, HMAC under the secret', header({ alg: 'RS256' }), 'untrusted'],
  ['RS to HS confusion: HMAC under the public key', header({ kid: 'rsa' }, hmac(RSA_PEM)), 'untrusted'],
  ['RS to HS confusion, trimmed PEM', header({}, hmac(RSA_PEM.trim())), 'untrusted'],
  ['RS256 by a key we do not know', header({ alg: 'RS256', kid: 'rsa' }, withKey('sha256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)), 'untrusted'],
  ['RS256 without the kid its key asks for', header({ alg: 'RS256' }, withKey('sha256', rsa.privateKey)), 'untrusted'],
  ['PS256 by a known key', header({ alg: 'PS256', kid: 'rsa' }, withKey('sha256', rsa.privateKey)), 'untrusted'],
  ['ES256 with a signature of zeros (CVE-2022-21449)', header({ alg: 'ES256' }, () => Buffer.alloc(64).toString('base64url')), 'untrusted'],
  ['a blank secret', header({}, hmac('')), 'untrusted'],
  ['a well-known secret', header({}, hmac('secret')), 'untrusted'],
  ['an empty signature', header({}, () => ''), 'untrusted'],
  ['a cut signature', token().slice(0, -2), 'untrusted'],
  ['claims changed after signing', token().replace(/\.[^.]+\./, `.${encode(FORGED)}.`), 'untrusted'],
  ['alg none first, HS256 last', token('{"alg":"none","alg":"HS256"}'), 'accepted'],
  ['alg HS256 first, none last', token('{"alg":"HS256","alg":"none"}'), 'untrusted'],

  ['kid that walks to an empty file', header({ kid: '../../../../dev/null' }, hmac('')), 'untrusted'],
  ['kid that injects a query', header({ kid: "x' UNION SELECT 'AA" }, hmac('AA')), 'untrusted'],
  ['kid that runs a command', header({ kid: '|sleep 10' }, hmac('')), 'untrusted'],
  ['kid named like a member of every object', header({ kid: '__proto__' }, hmac('')), 'untrusted'],
  ['kid as a number', header({ kid: 1 }), 'untrusted'],
  ['kid of a page', header({ kid: 'k'.repeat(129) }), 'untrusted'],
  ['a kid we do not know on a key without one', header({ kid: 'other' }), 'accepted'],
  ['a key of its own', header({ jwk: { kty: 'oct', k: 'AA' } }), 'untrusted'],
  ['an address for its key', header({ jku: 'http://127.0.0.1/keys' }), 'untrusted'],
  ['an address for its certificate', header({ x5u: 'http://127.0.0.1/cert' }), 'untrusted'],
  ['a certificate of its own', header({ x5c: ['AA'] }), 'untrusted'],
  ['a critical extension', header({ crit: ['exp'], exp: 1 }), 'untrusted'],
  ['the unencoded payload option', header({ b64: false, crit: ['b64'] }), 'untrusted'],
  ['another kind of token', header({ typ: 'logout+jwt' }), 'untrusted'],
  ['typ as an object', header({ typ: {} }), 'untrusted'],

  ['an expired token', claims({ exp: NOW_SECONDS - 31 }), 'expired'],
  ['expired within the leeway', claims({ exp: NOW_SECONDS - 29 }), 'accepted'],
  ['no exp', token(HS256, { sub: 'ana' }), 'bad-claims'],
  ['exp null', claims({ exp: null }), 'bad-claims'],
  ['exp as text', claims({ exp: String(NOW_SECONDS + 60) }), 'bad-claims'],
  ['exp 1e400', asJson('"exp":1e400'), 'bad-claims'],
  ['exp -1e400', asJson('"exp":-1e400'), 'expired'],
  ['exp in a list', claims({ exp: [NOW_SECONDS + 60] }), 'bad-claims'],
  ['exp in milliseconds', claims({ exp: (NOW_SECONDS + 60) * 1000 }), 'lives-too-long'],
  ['exp a year ahead', claims({ exp: NOW_SECONDS + 31_536_000 }), 'lives-too-long'],
  ['exp twice, the last one past', asJson(`"exp":${NOW_SECONDS + 60},"exp":1`), 'expired'],
  ['sub twice: the last counts (RFC 7519 §4)', asJson(`"exp":${NOW_SECONDS + 60},"sub":"ben"`), 'accepted'],
  ['iat in the future, to stretch the lifetime', claims({ iat: NOW_SECONDS + 3600, exp: NOW_SECONDS + 90_000 }), 'not-yet'],
  ['iat as text', claims({ iat: 'now' }), 'bad-claims'],
  ['no iat', token(HS256, { sub: 'ana', exp: NOW_SECONDS + 60 }), 'accepted'],
  ['no iat and a year to go', token(HS256, { sub: 'ana', exp: NOW_SECONDS + 31_536_000 }), 'lives-too-long'],
  ['nbf ahead', claims({ nbf: NOW_SECONDS + 31 }), 'not-yet'],
  ['nbf ahead within the leeway', claims({ nbf: NOW_SECONDS + 29 }), 'accepted'],
  ['nbf as text', claims({ nbf: '0' }), 'bad-claims'],

  ['no sub', token(HS256, { exp: NOW_SECONDS + 60 }), 'bad-claims'],
  ['userId in place of sub', token(HS256, { userId: 'ana', exp: NOW_SECONDS + 60 }), 'accepted'],
  ['an empty sub', claims({ sub: '' }), 'bad-claims'],
  ['sub as a number', claims({ sub: 1 }), 'bad-claims'],
  ['sub with a line break', claims({ sub: 'ana\r\nX: y' }), 'bad-claims'],
  ['sub with half a surrogate pair', claims({ sub: '\ud800' }), 'bad-claims'],
  ['sub of a page', claims({ sub: 'a'.repeat(257) }), 'bad-claims'],
  ['servers as a number', claims({ servers: 1 }), 'bad-claims'],
  ['servers null', claims({ servers: null }), 'bad-claims'],
  ['servers with a number inside', claims({ servers: ['github', 1] }), 'bad-claims'],
  ['more servers than anyone has', claims({ servers: Array.from({ length: 257 }, String) }), 'bad-claims'],
  ['scope as an object', claims({ scope: {} }), 'bad-claims'],
  ['claims that are a list', token(HS256, '[]'), 'bad-claims'],
  ['claims that are a text', token(HS256, '"ana"'), 'bad-claims'],
  ['claims null', token(HS256, 'null'), 'untrusted'],
  ['claims that are no JSON', token(HS256, '{"sub":'), 'untrusted'],
  ['a sub through __proto__', token(HS256, `{"__proto__":{"sub":"admin"},"exp":${NOW_SECONDS + 60}}`), 'bad-claims'],

  ['a token of 8 KiB and more', claims({ note: 'x'.repeat(8192) }), 'untrusted'],
  ['claims nested thousands deep', token(HS256, '['.repeat(3000)), 'untrusted'],
  ['empty', '', 'untrusted'],
  ['two parts', token().split('.').slice(0, 2).join('.'), 'untrusted'],
  ['four parts', `${token()}.AA`, 'untrusted'],
  ['five parts, as an encrypted token has', 'a.b.c.d.e', 'untrusted'],
  ['a header that is no JSON', token('{'), 'untrusted'],
  ['a header that is a list', token('[]'), 'untrusted'],
  ['a header that is null', token('null'), 'untrusted'],
  ['base64 with padding', token().replace('.', '=.'), 'untrusted'],
  ['a space inside', token().replace('.', '. '), 'untrusted'],
  ['a NUL at the end', `${token()}\0`, 'untrusted'],
  ['JSON serialisation of a signature', JSON.stringify({ payload: 'e30' }), 'untrusted'],
]; // prettier-ignore

/** Cases for a gateway that names its issuer and audience. */
export const AUDIENCE_CASES: readonly (readonly [string, string, string])[] = [
  ['both right', claims({ iss: 'https://id.example', aud: 'multi-mcp' }), 'accepted'],
  ['ours among several audiences', claims({ iss: 'https://id.example', aud: ['a', 'multi-mcp'] }), 'accepted'],
  ['meant for another service', claims({ iss: 'https://id.example', aud: 'billing' }), 'wrong-audience'],
  ['no audience', claims({ iss: 'https://id.example' }), 'wrong-audience'],
  ['an audience that contains ours', claims({ iss: 'https://id.example', aud: 'multi-mcp-admin' }), 'wrong-audience'],
  ['audience as an object', claims({ iss: 'https://id.example', aud: { 0: 'multi-mcp' } }), 'wrong-audience'],
  ['another issuer', claims({ iss: 'https://id.example.evil', aud: 'multi-mcp' }), 'wrong-issuer'],
  ['no issuer', claims({ aud: 'multi-mcp' }), 'wrong-issuer'],
  ['issuer in a list', claims({ iss: ['https://id.example'], aud: 'multi-mcp' }), 'wrong-issuer'],
]; // prettier-ignore

export const eddsa = (change: Record<string, unknown>) =>
  token({ alg: 'EdDSA' }, { ...CLAIMS, ...change }, withKey(null, ed.privateKey));
