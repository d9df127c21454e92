import t from 'tap';
import { readKeyInput, readListInput, readTokenInput } from '../../src/admin/identity-input.js';

t.test('a misspelt member is refused, so that no key becomes wider than meant', (t) => {
  t.throws(() => readKeyInput({ user: 'ana', server: ['github'] }), {
    code: 'GW_BAD_REQUEST',
    message: /unknown member "server"; known: user, servers/,
  });
  t.throws(() => readTokenInput({ user: 'ana', isAdmin: true, expiresInSeconds: 1 }), {
    message: /unknown member "isAdmin"/,
  });
  t.end();
});

t.test('members of another type are refused by name', (t) => {
  for (const [json, message] of [
    [null, /JSON object/],
    ['ana', /JSON object/],
    [{}, /user must be a text/],
    [{ user: 1 }, /user must be a text/],
    [{ user: 'ana', servers: 'github' }, /list of names/],
    [{ user: 'ana', servers: [1] }, /list of names/],
    [{ user: 'ana', isAdmin: 'yes' }, /true or false/],
    [{ user: 'ana', label: 1 }, /label must be a text/],
    [{ user: 'ana', expiresInSeconds: '1h' }, /must be a number/],
  ] as const) {
    t.throws(() => readKeyInput(json), { code: 'GW_BAD_REQUEST', message });
  }
  t.throws(() => readTokenInput({ user: 'ana' }), { message: /expiresInSeconds is missing/ });
  t.end();
});

t.test('absent members have their documented meaning', (t) => {
  t.same(readKeyInput({ user: 'ana', servers: null }), {
    user: 'ana',
    servers: null,
    isAdmin: false,
    label: '',
    expiresInSeconds: null,
  });
  t.same(readListInput(new URLSearchParams()), { afterId: undefined, limit: undefined });
  t.end();
});
