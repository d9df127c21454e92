import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { IssuerKeys } from '../../src/gateway/issuer-keys.js';
import type { IssuerKeysMessage } from '../../src/ipc/issuer-keys-messages.js';

const pem = generateKeyPairSync('ed25519')
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();

const message = (change: Partial<IssuerKeysMessage> = {}): IssuerKeysMessage => ({
  type: 'issuer-keys',
  version: 1,
  keys: [{ keyId: 'k1', algorithm: 'EdDSA', pem }],
  isComplete: true,
  isRefreshed: true,
  nextRefreshInMs: 30_000,
  ...change,
});

function fixture() {
  const seen = { asked: [] as boolean[], changes: 0, nowMs: 0 };
  const keys = new IssuerKeys({
    fixed: [],
    ask: (refresh) => seen.asked.push(refresh),
    onChange: () => {
      seen.changes += 1;
    },
    nowMs: () => seen.nowMs,
  });
  return { seen, keys };
}

t.test('keys are what the primary said last; an older word changes nothing', (t) => {
  const { keys, seen } = fixture();
  t.notOk(keys.isComplete);
  keys.receive(message({ version: 2, isRefreshed: false }));
  t.match(keys.current(), [{ keyId: 'k1', algorithm: 'EdDSA' }]);
  keys.receive(message({ version: 1, keys: [] }));
  t.equal(keys.current().length, 1);
  keys.receive(message({ version: 2 }));
  t.equal(seen.changes, 1);
  t.ok(keys.isComplete);
  t.end();
});

t.test('all who meet an unknown key share one question, and the next waits its time', async (t) => {
  const { keys, seen } = fixture();
  const all = [keys.refresh(), keys.refresh(), keys.refresh()];
  t.same(seen.asked, [true]);
  keys.receive(message({ isRefreshed: false }));
  t.equal(keys.refresh(), all[0], 'a broadcast is no answer');
  keys.receive(message());
  await all[2];
  t.equal(keys.refresh(), null);
  seen.nowMs = 29_999;
  t.equal(keys.refresh(), null);
  seen.nowMs = 30_000;
  t.ok(keys.refresh());
  keys.receive(message());
  t.same(seen.asked, [true, true]);
});

t.test('only so many tokens wait for one question', async (t) => {
  const { keys } = fixture();
  const waits = Array.from({ length: 1001 }, () => keys.refresh());
  t.equal(waits.filter((each) => each === null).length, 1);
  keys.receive(message());
  await waits[0];
});
