import t from 'tap';
import { GrantBook, grantFor } from '../../src/gateway/grant-book.js';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import { createMemoryStore } from '../support/memory-store.js';
import { grant } from '../support/store-parts-contract.js';

function fixture() {
  const store = createMemoryStore();
  const asked: string[] = [];
  const book = new GrantBook({
    list: (page) => {
      asked.push('any?');
      return store.grants.list(page);
    },
    ofUser: (user) => {
      asked.push(user);
      return store.grants.ofUser(user);
    },
  });
  return { store, asked, book };
}

t.test('where there are no grants one question answers for everybody', async (t) => {
  const { book, asked } = fixture();
  t.same(await Promise.all(['ana', 'ben', 'ana'].map((user) => book.of(user))), [null, null, null]);
  t.equal(await book.of('eve'), null);
  t.same(asked, ['any?']);
});

t.test('grants are asked once a user, until something changes', async (t) => {
  const { store, book, asked } = fixture();
  await store.grants.set(grant({ effect: 'deny' }));
  await Promise.all([book.of('ana'), book.of('ana')]);
  t.match((await book.of('ana'))?.get('github'), { effect: 'deny' });
  t.equal(await book.of('ben'), null);
  t.same(asked, ['any?', 'ana', 'ben']);
  await store.grants.remove('ana', 'github');
  await store.grants.set(grant({ user: 'ben' }));
  book.forgetAll();
  t.equal(await book.of('ana'), null);
  t.equal((await book.of('ben'))?.size, 1);
});

t.test('what is known is told at once, and what is not without guessing', async (t) => {
  const { store, book } = fixture();
  t.equal(book.now('ana'), undefined, 'nobody was asked yet');
  const asking = book.of('ana');
  t.equal(book.now('ana'), undefined, 'under way');
  await asking;
  t.equal(book.now('ben'), null, 'nobody has any');
  await store.grants.set(grant());
  book.forgetAll();
  t.equal(book.now('ana'), undefined);
  await book.of('ben');
  t.equal(book.now('ben'), null);
  t.equal(book.now('ana'), undefined, 'somebody has, and of ana nothing is known');
  const granted = await book.of('ana');
  t.equal(granted?.size, 1);
  t.equal(book.now('ana'), granted);
});

t.test('a store that is away gives an error, never "no grants", and is asked again', async (t) => {
  const { store, book } = fixture();
  await store.grants.set(grant());
  store.isAway = true;
  await t.rejects(book.of('ana'), { code: 'GW_STORE_UNAVAILABLE' });
  store.isAway = false;
  t.equal((await book.of('ana'))?.size, 1);
  store.isAway = true;
  await t.rejects(book.of('ben'), { code: 'GW_STORE_UNAVAILABLE' });
  t.equal((await book.of('ana'))?.size, 1);
  t.equal(book.now('ben'), undefined);
  store.isAway = false;
  t.equal(await book.of('ben'), null);
});

t.test('the grant for the server beats the one for all others', (t) => {
  const all = grant({ server: '*', effect: 'deny' });
  const one = grant({ server: 'github' });
  const grants = new Map([all, one].map((each) => [each.server, each]));
  const principal = { ...ANONYMOUS, user: 'ana', grants };
  t.equal(grantFor(principal, 'github'), one);
  t.equal(grantFor(principal, 'linear'), all);
  t.equal(grantFor(ANONYMOUS, 'github'), undefined);
  t.end();
});
