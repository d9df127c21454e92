import t from 'tap';
import { headKey, versionedId } from '../../../src/servers/meerkats-table/stored-documents.js';
import { TableCatalog } from '../../../src/servers/meerkats-table/table-catalog.js';
import { StoredDocuments, type Turn } from './support/memory-storage.js';
import { callContext, type LogLine } from './support/module-client.js';

interface Written {
  readonly id: string;
  readonly name: string;
}

function openCatalog(
  documents: StoredDocuments,
  turn?: Turn,
  lines: LogLine[] = [],
): { catalog: TableCatalog; add: (name: string) => Promise<Written> } {
  const storage = documents.open(turn);
  const catalog = new TableCatalog(callContext(storage, { lines }));
  const add = (name: string): Promise<Written> =>
    catalog.add(name, async (version) => {
      const id = versionedId(version);
      await storage.put(headKey(id), {});
      await storage.put(`rows/${id}/0-x`, {});
      return { id, name };
    });
  return { catalog, add };
}

t.test(
  'a table added is found whatever the letter case, and is gone with all it had once removed',
  async (t) => {
    const documents = new StoredDocuments();
    const { catalog, add } = openCatalog(documents);
    const added = await add('People');
    t.strictSame(await catalog.find('people'), added);
    t.strictSame(await catalog.list(), [added]);
    await catalog.remove('PEOPLE');
    t.strictSame(await catalog.list(), []);
    t.strictSame(documents.keys(), ['catalog']);
  },
);

t.test('an unknown table is refused with the nearest name and all names', async (t) => {
  const { catalog, add } = openCatalog(new StoredDocuments());
  await t.rejects(catalog.find('x'), { message: /you have no tables yet/ });
  await add('people');
  await add('cities');
  await t.rejects(catalog.find('peple'), {
    message: 'No table "peple". Did you mean "people"? Tables: people, cities.',
  });
  await t.rejects(catalog.remove('x'), { message: /No table "x"/ });
});

t.test(
  'of many sessions that create one name, one succeeds and the others leave nothing behind',
  async (t) => {
    const documents = new StoredDocuments();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        openCatalog(documents).add(index % 2 === 0 ? 'Same' : 'same'),
      ),
    );
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        t.match(String(outcome.reason), /There is a table "same" already/i);
    }
    t.equal(documents.keys('head/').length, 1);
    t.equal(documents.keys('rows/').length, 1);
  },
);

t.test('the bound of 100 tables holds when sessions race for the last place', async (t) => {
  const documents = new StoredDocuments();
  const { add, catalog } = openCatalog(documents);
  for (let index = 0; index < 99; index += 1) await add(`t${index}`);
  const outcomes = await Promise.allSettled(
    ['x', 'y', 'z'].map((name) => openCatalog(documents).add(name)),
  );
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  t.equal((await catalog.list()).length, 100);
  await t.rejects(add('more'), { message: /You have 100 tables/ });
});

t.test(
  'what a crashed create left is removed by the next one, but never what is being created',
  async (t) => {
    const documents = new StoredDocuments();
    const away = new Error('storage away');
    const crash: Turn = (operation, key) => {
      if (operation === 'put' && key === 'catalog') throw away;
    };
    await t.rejects(openCatalog(documents, crash).add('lost'), away);
    t.equal(documents.keys('rows/').length, 1);
    // Under the version it was made for, the leftover might still be about to be listed.
    await openCatalog(documents).add('first');
    t.equal(documents.keys('head/').length, 2);
    await openCatalog(documents).add('second');
    t.equal(documents.keys('head/').length, 2);
    t.equal(documents.keys('rows/').length, 2);
  },
);

t.test(
  'a drop that cannot remove the rows is a drop all the same; the next change removes them',
  async (t) => {
    const documents = new StoredDocuments();
    const lines: LogLine[] = [];
    const crash: Turn = (operation) => {
      if (operation === 'deletePrefix') throw new Error('storage away');
    };
    await openCatalog(documents).add('a');
    await openCatalog(documents, crash, lines).catalog.remove('a');
    t.equal(lines[0]?.level, 'warn');
    t.equal(documents.keys('rows/').length, 1);
    await openCatalog(documents).add('b');
    t.equal(documents.keys('rows/').length, 1);
    t.equal(documents.keys('head/').length, 1);
  },
);

t.test(
  'a catalog that never stops changing is given up on, with a word to try again',
  async (t) => {
    const documents = new StoredDocuments();
    const other = documents.open();
    const interfere: Turn = async (operation, key) => {
      if (operation === 'put' && key === 'catalog')
        await other.put('catalog', { format: 1, tables: [], dropped: [] });
    };
    await t.rejects(openCatalog(documents, interfere).add('a'), {
      message: /Nothing was done; try again/,
    });
    t.strictSame(documents.keys('head/'), []);
  },
);

t.test('a removal that never gets through is given up on as well', async (t) => {
  const documents = new StoredDocuments();
  const { id } = await openCatalog(documents).add('a');
  const other = documents.open();
  const interfere: Turn = async (operation, key) => {
    if (operation === 'put' && key === 'catalog') {
      await other.put('catalog', { format: 1, tables: [['a', id]], dropped: [] });
    }
  };
  await t.rejects(openCatalog(documents, interfere).catalog.remove('a'), { message: /try again/ });
  t.equal(documents.keys('rows/').length, 1);
});

t.test('an aborted call changes nothing', async (t) => {
  const documents = new StoredDocuments();
  const catalog = new TableCatalog(
    callContext(documents.open(), { signal: AbortSignal.abort(new Error('client left')) }),
  );
  await t.rejects(catalog.remove('a'), { message: 'client left' });
});
