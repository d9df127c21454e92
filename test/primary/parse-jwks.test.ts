import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { parseJwks } from '../../src/primary/parse-jwks.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwkOf = (pair: { readonly publicKey: { export(o: { format: 'jwk' }): object } }) =>
  pair.publicKey.export({ format: 'jwk' });
const RSA = jwkOf(rsa);
const EC = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const ED = jwkOf(generateKeyPairSync('ed25519'));

const algorithmOf = (jwk: object): string => {
  try {
    const [key] = parseJwks(JSON.stringify({ keys: [jwk] })).keys;
    return `${key?.algorithm ?? ''} ${key?.keyId ?? '-'}`;
  } catch (error) {
    return (error as Error).message;
  }
};

t.test('each key gets the one algorithm that is its own, whatever the set claims', (t) => {
  for (const [name, jwk, expected] of [
    ['RSA', { ...RSA, kid: 'r' }, 'RS256 r'],
    ['RSA with its alg and use', { ...RSA, alg: 'RS256', use: 'sig' }, 'RS256 -'],
    ['EC', { ...EC, kid: 'e', key_ops: ['verify'] }, 'ES256 e'],
    ['Ed25519', { ...ED, kid: 'd' }, 'EdDSA d'],
    ['Ed25519 by its newer name (RFC 9864)', { ...ED, alg: 'Ed25519' }, 'EdDSA -'],
    ['RSA that calls itself HS256', { ...RSA, alg: 'HS256' }, /"alg" is not RS256/],
    ['RSA for PS256', { ...RSA, alg: 'PS256' }, /"alg" is not RS256/],
    ['EC that calls itself RS256', { ...EC, alg: 'RS256' }, /"alg" is not ES256/],
    ['for encryption', { ...RSA, use: 'enc' }, /not for signatures/],
    ['for wrapping', { ...RSA, key_ops: ['wrapKey'] }, /not for verification/],
    ['a shared secret', { kty: 'oct', k: 'AAAA' }, /no one should publish/],
    ['a private key', rsa.privateKey.export({ format: 'jwk' }), /no one should publish/],
    ['a short RSA key', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 })), /bad size/],
    ['P-384', jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' })), /not RS256/],
    ['Ed448', jwkOf(generateKeyPairSync('ed448')), /not RS256/],
    ['X25519', jwkOf(generateKeyPairSync('x25519')), /not RS256/],
    ['kid as a number', { ...RSA, kid: 1 }, /odd "kid"/],
    ['kid of a page', { ...RSA, kid: 'k'.repeat(129) }, /odd "kid"/],
    ['no type', { kid: 'x' }, /not a public key/],
    ['a point off the curve', { ...EC, y: 'x'.repeat(43) }, /not a public key/],
  ] as const) {
    const seen = algorithmOf(jwk);
    if (typeof expected === 'string') t.equal(seen, expected, name);
    else t.match(seen, expected, name);
  }
  t.end();
});

t.test('a bad key beside a good one is left out, and the log hears why', (t) => {
  const { keys, ignored } = parseJwks(JSON.stringify({ keys: [7, RSA, { kty: 'oct', k: 'AA' }] }));
  t.equal(keys.length, 1);
  t.match(ignored, [/^key 1: not an object/, /^key 3: a secret/]);
  t.end();
});

t.test('what is no set is refused as a whole', (t) => {
  for (const [text, message] of [
    ['<html>', /JSON/],
    ['null', /"keys"/],
    ['[]', /"keys"/],
    ['{"keys":{}}', /"keys"/],
    ['{"keys":[]}', /no usable key/],
    [JSON.stringify({ keys: Array.from({ length: 65 }, () => EC) }), /more than 64/],
  ] as const) {
    t.throws(() => parseJwks(text), { message });
  }
  t.end();
});
