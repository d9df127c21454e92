import t from 'tap';
import { STORE_PAUSE_MS, StoreLookups } from '../../src/gateway/store-lookups.js';

t.test('after a failure nothing is asked for a while, and then again', async (t) => {
  let nowMs = 1000;
  const lookups = new StoreLookups(() => nowMs);
  const away = { code: 'GW_STORE_UNAVAILABLE' };
  let asked = 0;
  const found = (): Promise<string> => {
    asked += 1;
    return Promise.resolve('found');
  };
  t.equal(await lookups.run('here', found), 'found');
  await t.rejects(
    lookups.run('here', () => Promise.reject(new Error('connection refused'))),
    away,
  );
  nowMs += STORE_PAUSE_MS - 1;
  await t.rejects(lookups.run('elsewhere', found), away);
  t.equal(asked, 1, 'the store was left alone');
  nowMs += 1;
  t.equal(await lookups.run('elsewhere', found), 'found');
  t.equal(asked, 2);
});
