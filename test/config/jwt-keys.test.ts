import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import t from 'tap';
import { readJwtKeys } from '../../config/jwt-keys.js';

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEYS = {
  RS256: pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
  ES256: pem(ec.publicKey),
  EdDSA: pem(generateKeyPairSync('ed25519').publicKey),
};
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;

type Entry = Parameters<typeof readJwtKeys>[0][number];

function read(entries: readonly Entry[], folder = '/nowhere') {
  const problems: string[] = [];
  const keys = readJwtKeys(entries, folder, (path, { message }) => {
    problems.push(`${path.join('.')} ${message}`);
  });
  return { keys, problems };
}

void t.test('a key is read in place or from its file, with the algorithm it is for', (t) => {
  const folder = t.testdir({ 'idp.pem': `${KEYS.EdDSA}\n` });
  const { keys, problems } = read(
    [
      { algorithm: 'ES256', publicKey: KEYS.ES256, keyId: 'k1' },
      { algorithm: 'EdDSA', publicKeyFile: 'idp.pem' },
    ],
    folder,
  );
  t.strictSame(problems, []);
  t.strictSame(keys, [
    { keyId: 'k1', algorithm: 'ES256', pem: KEYS.ES256 },
    { keyId: null, algorithm: 'EdDSA', pem: KEYS.EdDSA },
  ]);
  t.end();
});

void t.test('every key fits its own algorithm and no other', (t) => {
  for (const algorithm of ALGORITHMS) {
    for (const other of ALGORITHMS) {
      const { keys, problems } = read([{ algorithm, publicKey: KEYS[other] }]);
      t.equal(keys.length, algorithm === other ? 1 : 0, `${algorithm} with a key for ${other}`);
      t.equal(problems.length, algorithm === other ? 0 : 1);
    }
  }
  t.end();
});

void t.test('weak RSA keys and other curves are refused', (t) => {
  const rsa1024 = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
  const p384 = pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
  t.match(read([{ algorithm: 'RS256', publicKey: rsa1024 }]).problems, [/algorithm is RS256, but/]);
  t.match(read([{ algorithm: 'ES256', publicKey: p384 }]).problems, [/algorithm is ES256, but/]);
  t.end();
});

void t.test('what is no public key is refused, and the rest still read', (t) => {
  const privatePem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { keys, problems } = read([
    { algorithm: 'ES256' },
    { algorithm: 'ES256', publicKey: KEYS.ES256, publicKeyFile: 'x' },
    { algorithm: 'ES256', publicKey: 'garbage' },
    { algorithm: 'ES256', publicKey: privatePem },
    { algorithm: 'ES256', publicKeyFile: 'gone.pem' },
    { algorithm: 'ES256', publicKey: KEYS.ES256 },
  ]);
  t.equal(keys.length, 1);
  t.match(problems, [
    /^auth.jwt.keys.0 needs exactly one of/,
    /^auth.jwt.keys.1 needs exactly one of/,
    /^auth.jwt.keys.2 is no public key in PEM form/,
    /^auth.jwt.keys.3 is a private key/,
    /^auth.jwt.keys.4.publicKeyFile cannot be read: ENOENT/,
  ]);
  t.end();
});
