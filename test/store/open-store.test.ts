import { readdirSync } from 'node:fs';
import t from 'tap';
import { openStore } from '../../src/store/open-store.js';

t.test('without a URI the embedded store in the data directory is opened', async (t) => {
  const dataDir = t.testdir();
  const store = await openStore({ dataDir, mongodbUri: null, isLazy: true });
  t.teardown(() => store.close());
  t.match(store.description, /^embedded /);
  t.ok(readdirSync(dataDir).includes('multi-mcp.db'));
});

t.test('with a URI MongoDB is opened, and nothing is made in the data directory', async (t) => {
  const dataDir = t.testdir();
  const mongodbUri = 'mongodb://ana:s3cret@127.0.0.1:1/gate';
  const store = await openStore({ dataDir, mongodbUri, isLazy: true });
  t.teardown(() => store.close());
  t.equal(store.description, 'mongodb (127.0.0.1:1/gate)');
  t.same(readdirSync(dataDir), []);
});
