import t from 'tap';
import {
  readKeyChange,
  readKeyInput,
  readListInput,
  readTokenInput,
} from '../../src/admin/identity-input.js';

t.test('a misspelt member is refused, so that no key becomes wider than meant', (t) => {
  t.throws(() => readKeyInput({ user: 'ana', server: ['github'] }), {
    code: 'GW_BAD_REQUEST',
    message: /unknown member "server"; known: user, isAdmin, servers/,
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
    [{ user: 'ana', tools: ['a'] }, /tools must be a JSON object/],
    [{ user: 'ana', tools: { alow: [] } }, /unknown member "alow"; known: allow, deny/],
    [{ user: 'ana', tools: { deny: 'a' } }, /deny must be a list of names/],
    [{ user: 'ana', limits: { requestsPerSecond: '5' } }, /requestsPerSecond must be a number/],
    [{ user: 'ana', limits: { rate: 5 } }, /unknown member "rate"/],
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
    tools: null,
    limits: null,
    isAdmin: false,
    label: '',
    expiresInSeconds: null,
  });
  const rules = { user: 'ana', tools: { deny: ['x'] }, limits: {} };
  t.match(readKeyInput(rules), { tools: { allow: ['*'], deny: ['x'] }, limits: null });
  t.same(readKeyChange({}), {});
  t.same(readKeyChange({ tools: null, expiresInSeconds: null }), {
    tools: null,
    expiresInSeconds: null,
  });
  t.same(readListInput(new URLSearchParams()), { afterId: undefined, limit: undefined });
  t.end();
});
