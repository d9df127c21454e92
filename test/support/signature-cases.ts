/**
 * Signatures as data, after Wycheproof's JWS, RSA, ECDSA and EdDSA vectors: honest ones, damaged ones, and
 * those that a careless verifier takes for good. All are made here, over the same claims.
 */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { hmac, NOW_SECONDS } from './token-cases.js';

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const others = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const ed448 = generateKeyPairSync('ed448');

export type SignatureAlgorithm = keyof typeof pairs;
export const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export const SIGNING_KEYS: Readonly<Record<SignatureAlgorithm, KeyObject>> = {
  RS256: pairs.RS256.privateKey,
  ES256: pairs.ES256.privateKey,
  EdDSA: pairs.EdDSA.privateKey,
};
export const VERIFYING_KEYS: Readonly<Record<SignatureAlgorithm, KeyObject>> = {
  RS256: pairs.RS256.publicKey,
  ES256: pairs.ES256.publicKey,
  EdDSA: pairs.EdDSA.publicKey,
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const CLAIMS = { sub: 'ana', iat: NOW_SECONDS - 60, exp: NOW_SECONDS + 3600 };
const HASH = { RS256: 'sha256', ES256: 'sha256', EdDSA: null } as const;
const SHAPE = { dsaEncoding: 'ieee-p1363' } as const;

function signature(alg: SignatureAlgorithm, text: string, key = SIGNING_KEYS[alg]): Buffer {
  return sign(HASH[alg], Buffer.from(text), { key, ...SHAPE });
}

/** A token of the algorithm with whatever signature `make` gives for its text. */
function signed(
  alg: string,
  make: (text: string) => Buffer | string,
  header: Record<string, unknown> = {},
): string {
  const text = `${encode({ alg, typ: 'JWT', ...header })}.${encode(CLAIMS)}`;
  const made = make(text);
  return `${text}.${typeof made === 'string' ? made : made.toString('base64url')}`;
}

const changedAt = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
};

type Case = readonly [name: string, token: string, expected: 'accepted' | 'untrusted'];

/** What holds for every algorithm. */
function commonCases(alg: SignatureAlgorithm): Case[] {
  const damaged = (change: (good: Buffer, text: string) => Buffer): string =>
    signed(alg, (text) => change(signature(alg, text), text));
  const header = encode({ alg, typ: 'JWT' });
  const good = signed(alg, (text) => signature(alg, text));
  const [, , goodSignature = ''] = good.split('.');
  const forgedClaims = encode({ ...CLAIMS, sub: 'admin' });
  return [
    ['honest', good, 'accepted'],
    ['honest, typ at+jwt', signed(alg, (text) => signature(alg, text), { typ: 'at+jwt' }), 'accepted'],
    ['first byte changed', damaged((bytes) => changedAt(bytes, 0)), 'untrusted'],
    ['a byte in the middle changed', damaged((bytes) => changedAt(bytes, bytes.length >> 1)), 'untrusted'],
    ['last byte changed', damaged((bytes) => changedAt(bytes, bytes.length - 1)), 'untrusted'],
    ['a byte short', damaged((bytes) => bytes.subarray(0, -1)), 'untrusted'],
    ['a byte long', damaged((bytes) => Buffer.concat([bytes, Buffer.from([0])])), 'untrusted'],
    ['a zero before it', damaged((bytes) => Buffer.concat([Buffer.from([0]), bytes])), 'untrusted'],
    ['twice in a row', damaged((bytes) => Buffer.concat([bytes, bytes])), 'untrusted'],
    ['reversed', damaged((bytes) => Buffer.from(bytes).reverse()), 'untrusted'],
    ['all zeros', damaged((bytes) => Buffer.alloc(bytes.length)), 'untrusted'],
    ['all ones', damaged((bytes) => Buffer.alloc(bytes.length, 0xff)), 'untrusted'],
    ['empty', signed(alg, () => ''), 'untrusted'],
    ['a single byte', signed(alg, () => Buffer.from([1])), 'untrusted'],
    ['of another text', signed(alg, () => signature(alg, `${header}.${forgedClaims}`)), 'untrusted'],
    ['of the claims alone', signed(alg, (text) => signature(alg, text.split('.')[1] ?? '')), 'untrusted'],
    ['moved to other claims', `${header}.${forgedClaims}.${goodSignature}`, 'untrusted'],
    ['by a stranger', signed(alg, (text) => signature(alg, text, others[alg].privateKey)), 'untrusted'],
    ['as an HMAC under the public PEM', signed('HS256', (text) => hmac(pem(alg))(text)), 'untrusted'],
    ['as an HMAC under the public DER', signed('HS256', (text) => hmac(der(alg))(text)), 'untrusted'],
    ['its own key in the header', signed(alg, (text) => signature(alg, text, others[alg].privateKey), { jwk: others[alg].publicKey.export({ format: 'jwk' }) }), 'untrusted'],
    ['good, with a harmless critical extension', signed(alg, (text) => signature(alg, text), { crit: ['x'], x: 1 }), 'untrusted'],
    ['good, under the name of another algorithm', signed(alg === 'RS256' ? 'ES256' : 'RS256', (text) => signature(alg, text)), 'untrusted'],
    ['good, alg in lower case', signed(alg.toLowerCase(), (text) => signature(alg, text)), 'untrusted'],
    ['good, alg none', signed('none', (text) => signature(alg, text)), 'untrusted'],
  ]; // prettier-ignore
}

const pem = (alg: SignatureAlgorithm) =>
  VERIFYING_KEYS[alg].export({ type: 'spki', format: 'pem' }).toString();
const der = (alg: SignatureAlgorithm) =>
  VERIFYING_KEYS[alg].export({ type: 'spki', format: 'der' }).toString('latin1');

const rsaWith = (hash: string, padding?: number) =>
  signed('RS256', (text) =>
    sign(hash, Buffer.from(text), {
      key: SIGNING_KEYS.RS256,
      ...(padding === undefined ? {} : { padding }),
    }),
  );
const RSA_PSS_PADDING = 6;

const RSA_CASES: readonly Case[] = [
  ['SHA-1 inside', rsaWith('sha1'), 'untrusted'],
  ['SHA-384 inside', rsaWith('sha384'), 'untrusted'],
  ['SHA-512 inside', rsaWith('sha512'), 'untrusted'],
  ['PSS padding', rsaWith('sha256', RSA_PSS_PADDING), 'untrusted'],
  ['PS256 by its name', signed('PS256', (text) => sign('sha256', Buffer.from(text), { key: SIGNING_KEYS.RS256, padding: RSA_PSS_PADDING })), 'untrusted'],
  ['RS512 by its name', signed('RS512', (text) => sign('sha512', Buffer.from(text), SIGNING_KEYS.RS256)), 'untrusted'],
  ['the number one', signed('RS256', () => Buffer.concat([Buffer.alloc(255), Buffer.from([1])])), 'untrusted'],
]; // prettier-ignore

/** Order of P-256 (FIPS 186-5). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const bytes32 = (n: bigint) => Buffer.from(n.toString(16).padStart(64, '0').slice(-64), 'hex');
const rAndS = (r: bigint, s: bigint) => Buffer.concat([bytes32(r), bytes32(s)]);
const readS = (bytes: Buffer) => BigInt(`0x${bytes.subarray(32).toString('hex')}`);
const ec = (make: (good: Buffer) => Buffer) =>
  signed('ES256', (text) => make(signature('ES256', text)));

const EC_CASES: readonly Case[] = [
  // Wycheproof's edge values; r = s = 0 is CVE-2022-21449.
  ...([[0n, 0n], [0n, 1n], [1n, 0n], [1n, 1n], [N, N], [N, 1n], [1n, N], [N - 1n, N - 1n], [N + 1n, 1n], [(1n << 256n) - 1n, 1n]] as const).map(
    ([r, s], n): Case => [`edge values ${n + 1}`, signed('ES256', () => rAndS(r, s)), 'untrusted'],
  ),
  // The other root: mathematically good, and accepted by every library. A token is no unique id.
  ['s replaced by n - s', ec((bytes) => Buffer.concat([bytes.subarray(0, 32), bytes32(N - readS(bytes))])), 'accepted'],
  ['r and s swapped', ec((bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])), 'untrusted'],
  ['DER in place of r and s', signed('ES256', (text) => sign('sha256', Buffer.from(text), SIGNING_KEYS.ES256)), 'untrusted'],
  ['SHA-384 inside', signed('ES256', (text) => sign('sha384', Buffer.from(text), { key: SIGNING_KEYS.ES256, ...SHAPE })), 'untrusted'],
  ['by a P-384 key', signed('ES256', (text) => sign('sha256', Buffer.from(text), { key: p384.privateKey, ...SHAPE })), 'untrusted'],
  ['by a secp256k1 key', signed('ES256', (text) => sign('sha256', Buffer.from(text), { key: k256.privateKey, ...SHAPE })), 'untrusted'],
  ['ES256K by its name', signed('ES256K', (text) => sign('sha256', Buffer.from(text), { key: k256.privateKey, ...SHAPE })), 'untrusted'],
]; // prettier-ignore

/** Order of the base point of Ed25519 (RFC 8032 §5.1). */
const L = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;
const littleEndian = (bytes: Buffer) =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
const toLittleEndian = (n: bigint) => Buffer.from(bytes32(n)).reverse();
const ed = (make: (good: Buffer) => Buffer) =>
  signed('EdDSA', (text) => make(signature('EdDSA', text)));
const withS = (bytes: Buffer, s: bigint) =>
  Buffer.concat([bytes.subarray(0, 32), toLittleEndian(s)]);

const ED_CASES: readonly Case[] = [
  ['s plus the order: the same point, written otherwise', ed((bytes) => withS(bytes, littleEndian(bytes.subarray(32)) + L)), 'untrusted'],
  ['s is zero', ed((bytes) => withS(bytes, 0n)), 'untrusted'],
  ['r is the neutral point, s zero', signed('EdDSA', () => Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])), 'untrusted'],
  ['r and s swapped', ed((bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])), 'untrusted'],
  ['by an Ed448 key', signed('EdDSA', (text) => sign(null, Buffer.from(text), ed448.privateKey)), 'untrusted'],
  ['a good one under the name Ed25519', signed('Ed25519', (text) => signature('EdDSA', text)), 'untrusted'],
]; // prettier-ignore

export const SIGNATURE_CASES: Readonly<Record<SignatureAlgorithm, readonly Case[]>> = {
  RS256: [...commonCases('RS256'), ...RSA_CASES],
  ES256: [...commonCases('ES256'), ...EC_CASES],
  EdDSA: [...commonCases('EdDSA'), ...ED_CASES],
};
