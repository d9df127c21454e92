import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { MAX_SESSION_ID_CHARS, sealSessionId, unsealSessionId } from '../../src/mcp/session-id.js';

const key = randomBytes(32);
const ana = { server: 'files', user: 'ana' };

t.test('what was sealed opens for the same user and server only', async (t) => {
  const sealed = sealSessionId(key, ana, 'upstream-1');
  t.match(sealed, /^[\x21-\x7e]+$/);
  t.equal(unsealSessionId(key, ana, sealed), 'upstream-1');
  t.equal(unsealSessionId(key, { server: 'files', user: 'bob' }, sealed), null);
  t.equal(unsealSessionId(key, { server: 'mail', user: 'ana' }, sealed), null);
  t.equal(unsealSessionId(randomBytes(32), ana, sealed), null);
});

t.test('a server that keeps the session in its id, as a signed token, is understood', async (t) => {
  const token = 'x'.repeat(2500);
  const sealed = sealSessionId(key, ana, token);
  t.ok(sealed.length <= MAX_SESSION_ID_CHARS);
  t.equal(unsealSessionId(key, ana, sealed), token);
});

t.test('lengths keep user and server apart', async (t) => {
  const sealed = sealSessionId(key, { server: 'ab', user: 'c' }, 'x');
  t.equal(unsealSessionId(key, { server: 'a', user: 'bc' }, sealed), null);
});

t.test('no changed byte survives', async (t) => {
  const sealed = Buffer.from(sealSessionId(key, ana, 'upstream-1'), 'base64url');
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    t.equal(unsealSessionId(key, ana, changed.toString('base64url')), null, `byte ${i}`);
  }
});

t.test('any text is refused without a throw', async (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2000, size: 'max' }), (text) => {
      t.equal(unsealSessionId(key, ana, text), null);
    }),
  );
});
