import t from 'tap';
import {
  bytesOf,
  decodeCatalog,
  decodeChunk,
  decodeHead,
  encodeCatalog,
  encodeChunk,
  encodeHead,
  isOutdated,
  rowBytes,
  rowCountOf,
  versionedId,
} from '../../../src/servers/meerkats-table/stored-documents.js';
import { column, rowsOf } from './support/columns.js';

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const HEAD = {
  id: '3-abc',
  name: 'People',
  columns: [
    column('a', 'text', { required: true }),
    column('b', 'json', { default: { x: 1 }, fill: null }),
  ],
  nextRow: 8,
  chunks: [
    { id: '1-x', rowCount: 3, bytes: 30 },
    { id: '2-y', rowCount: 4, bytes: 41 },
  ],
};

t.test('every document reads back as it was written', (t) => {
  t.strictSame(decodeHead(HEAD.id, throughJson(encodeHead(HEAD))), HEAD);
  const catalog = { tables: [{ name: 'a', id: '0-x' }], dropped: ['1-y'] };
  t.strictSame(decodeCatalog(throughJson(encodeCatalog(catalog))), catalog);
  const rows = rowsOf(['a', null, 1], [true, { j: [] }, '']);
  t.strictSame(decodeChunk(throughJson(encodeChunk(rows))), rows);
  t.equal(rowCountOf(HEAD), 7);
  t.equal(bytesOf(HEAD), 71);
  t.end();
});

t.test('the literal shape on disk', (t) => {
  t.strictSame(encodeChunk([{ id: 5, cells: ['x', null] }]), { format: 1, rows: [[5, 'x', null]] });
  t.strictSame(encodeCatalog({ tables: [{ name: 'a', id: '0-x' }], dropped: [] }), {
    format: 1,
    tables: [['a', '0-x']],
    dropped: [],
  });
  t.equal(rowBytes({ id: 5, cells: ['ä', null] }), Buffer.byteLength('[5,"ä",null],'));
  t.end();
});

t.test('a damaged document is a fault, not an empty table', (t) => {
  const damaged = { message: /does not have the expected shape/ };
  for (const value of [
    null,
    [],
    5,
    {},
    { name: 'a' },
    { name: 'a', nextRow: 1, columns: [], chunks: {} },
  ]) {
    t.throws(() => decodeHead('1-a', value), damaged);
  }
  const column = { name: 'a', type: 'text', default: null, fill: null };
  for (const wrong of [{ name: 1 }, { type: 'blob' }, { default: undefined }]) {
    const columns = [{ ...column, ...wrong }];
    t.throws(() => decodeHead('1-a', { name: 'a', nextRow: 1, columns, chunks: [] }), damaged);
  }
  for (const chunks of [[5], [['1-x', 1]], [[1, 1, 1]]]) {
    t.throws(
      () => decodeHead('1-a', { name: 'a', nextRow: 1, columns: [column], chunks }),
      damaged,
    );
  }
  for (const value of [{}, { rows: [5] }, { rows: [['x']] }])
    t.throws(() => decodeChunk(value), damaged);
  for (const tables of [5, ['a'], [['a', 1]]])
    t.throws(() => decodeCatalog({ tables, dropped: [] }), damaged);
  t.end();
});

t.test('an id carries its version: it is outdated under any later one', (t) => {
  const id = versionedId(12);
  t.match(id, /^12-[\w-]{12}$/);
  t.not(versionedId(12), id);
  t.equal(isOutdated(id, 12), false);
  t.equal(isOutdated(id, 13), true);
  t.equal(isOutdated(versionedId(9), 10), true, 'as a number, not as text');
  t.equal(isOutdated('foreign', 99), false);
  t.end();
});
