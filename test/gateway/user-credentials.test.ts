import t from 'tap';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';
import { UserCredentials } from '../../src/gateway/user-credentials.js';
import { GatewayError } from '../../src/kernel/errors.js';

const seal = new CredentialSeal(Buffer.alloc(32, 7));

function rig() {
  const stored = new Map<string, Buffer>();
  const state = { nowMs: 0, reads: 0, isAway: false, gate: Promise.resolve() };
  const put = (user: string, server: string, value: string) =>
    stored.set(`${user}@${server}`, seal.seal({ user, server }, value));
  const credentials = new UserCredentials({
    find: async (user, server) => {
      state.reads += 1;
      const sealed = stored.get(`${user}@${server}`);
      await state.gate;
      if (state.isAway) throw new GatewayError('GW_STORE_UNAVAILABLE');
      return sealed === undefined ? null : { sealed };
    },
    seal,
    ttlMs: 1000,
    negativeTtlMs: 100,
    staleGraceMs: 5000,
    nowMs: () => state.nowMs,
  });
  return { credentials, state, stored, put };
}

t.test('read once for all who ask, then known for its time', async (t) => {
  const { credentials, state, put } = rig();
  put('ana', 'mail', 'a');
  const first = credentials.of('ana', 'mail');
  const second = credentials.of('ana', 'mail');
  t.same([await first, await second], ['a', 'a']);
  t.equal(state.reads, 1);
  t.equal(credentials.of('ana', 'mail'), 'a', 'synchronously');
  state.nowMs = 1000;
  t.equal(await credentials.of('ana', 'mail'), 'a');
  t.equal(state.reads, 2);
});

t.test('a missing one says which command sets it, for any name of a user', async (t) => {
  const { credentials } = rig();
  await t.rejects(Promise.resolve(credentials.of('ana', 'mail')), {
    code: 'GW_CREDENTIAL_MISSING',
    message: /multi-mcp credentials set mail --user ana$/,
  });
  t.throws(() => credentials.of('ana', 'mail'), { code: 'GW_CREDENTIAL_MISSING' });
  await t.rejects(Promise.resolve(credentials.of("a'; rm -rf /", 'mail')), {
    message: /--user 'a'\\''; rm -rf \/'$/,
  });
});

t.test('a change is seen at once, also by who was reading while it happened', async (t) => {
  const { credentials, state, stored, put } = rig();
  put('ana', 'mail', 'old');
  t.equal(await credentials.of('ana', 'mail'), 'old');
  put('ana', 'mail', 'new');
  credentials.forget({ user: 'ana', server: 'mail' });
  t.equal(await credentials.of('ana', 'mail'), 'new');

  credentials.forgetAll();
  let open: () => void = () => undefined;
  state.gate = new Promise((resolve) => {
    open = resolve;
  });
  const reading = credentials.of('ana', 'mail');
  stored.delete('ana@mail');
  credentials.forget({ user: 'ana', server: 'mail' });
  open();
  await reading;
  await t.rejects(Promise.resolve(credentials.of('ana', 'mail')), {
    code: 'GW_CREDENTIAL_MISSING',
  });
});

t.test('one that does not open is an error of its own and is not remembered', async (t) => {
  const { credentials, stored, put } = rig();
  stored.set('ana@mail', seal.seal({ user: 'bob', server: 'mail' }, 'b'));
  await t.rejects(Promise.resolve(credentials.of('ana', 'mail')), {
    code: 'GW_CREDENTIAL_MISSING',
    message: /cannot be opened with this master key/,
  });
  put('ana', 'mail', 'a');
  t.equal(await credentials.of('ana', 'mail'), 'a');
});

t.test('while the store is away the known ones serve, until their grace is over', async (t) => {
  const { credentials, state, put } = rig();
  put('ana', 'mail', 'a');
  await credentials.of('ana', 'mail');
  state.isAway = true;
  state.nowMs = 2000;
  t.equal(await credentials.of('ana', 'mail'), 'a');
  const { reads } = state;
  t.equal(credentials.of('ana', 'mail'), 'a');
  t.equal(state.reads, reads, 'the store is left alone for a moment');
  await t.rejects(Promise.resolve(credentials.of('bob', 'mail')), { code: 'GW_STORE_UNAVAILABLE' });
  state.nowMs = 6000;
  await t.rejects(Promise.resolve(credentials.of('ana', 'mail')), { code: 'GW_STORE_UNAVAILABLE' });
});

t.test('a sweep takes what serves nobody any more', async (t) => {
  const { credentials, put } = rig();
  put('ana', 'mail', 'a');
  await credentials.of('ana', 'mail');
  await t.rejects(Promise.resolve().then(() => credentials.of('bo', 'mail')));
  t.equal(credentials.sweep(100), 1, 'that there is none');
  t.equal(credentials.sweep(5999), 0);
  t.equal(credentials.sweep(6000), 1);
});
