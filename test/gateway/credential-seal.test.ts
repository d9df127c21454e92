import { randomBytes } from 'node:crypto';
import t from 'tap';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';

const ana = { user: 'ana', server: 'mail' };
const key = randomBytes(32);

t.test('what is sealed opens again, and shows nothing of itself', (t) => {
  const seal = new CredentialSeal(key);
  for (const value of ['s3cret', '', 'ünïcode\nPEM', 'x'.repeat(16_384)]) {
    const sealed = seal.seal(ana, value);
    t.equal(seal.open(ana, sealed), value);
    if (value !== '') t.notOk(sealed.includes(value));
    t.notSame(seal.seal(ana, value), sealed, 'never twice the same');
  }
  t.end();
});

t.test('it opens for its user and server only, and not when a bit of it was changed', (t) => {
  const seal = new CredentialSeal(key);
  const sealed = seal.seal(ana, 's3cret');
  for (const other of [
    { user: 'bob', server: 'mail' },
    { user: 'ana', server: 'mai' },
    { user: 'anam', server: 'ail' },
  ]) {
    t.equal(seal.open(other, sealed), null);
  }
  const broken = Array.from(sealed, (byte, at) => {
    const copy = Buffer.from(sealed);
    copy[at] = byte ^ 1;
    return seal.open(ana, copy);
  });
  t.ok(broken.every((value) => value === null));
  for (let length = 0; length < sealed.length; length += 1) {
    if (seal.open(ana, sealed.subarray(0, length)) !== null) t.fail(`cut at ${length}`);
  }
  t.end();
});

t.test('after a rotation the former key still opens and the new one seals', (t) => {
  const former = new CredentialSeal(key);
  const sealed = former.seal(ana, 's3cret');
  const next = randomBytes(32);
  const rotated = new CredentialSeal(next, [key]);
  t.equal(rotated.open(ana, sealed), 's3cret');
  t.not(rotated.keyVersion, former.keyVersion);
  const anew = rotated.seal(ana, 's3cret');
  t.equal(new CredentialSeal(next).open(ana, anew), 's3cret');
  t.equal(former.open(ana, anew), null);
  t.equal(new CredentialSeal(next).open(ana, sealed), null);
  t.end();
});
