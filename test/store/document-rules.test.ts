import t from 'tap';
import { compareKeys, documentPageSize, keyPageSize } from '../../src/store/document-rules.js';

t.test('page sizes fall back to 1000 and stay in bounds', (t) => {
  t.equal(documentPageSize(undefined), 1000);
  t.equal(documentPageSize(Number.NaN), 1000);
  t.equal(documentPageSize(10.9), 10);
  t.equal(documentPageSize(-5), 1);
  t.equal(documentPageSize(1e9), 10_000);
  t.equal(keyPageSize(1e9), 1000);
  t.end();
});

t.test('keys compare by UTF-8 bytes where UTF-16 would say otherwise', (t) => {
  t.ok(compareKeys('\uff41', '\u{1f642}') < 0);
  t.same(['\uff41', '\u{1f642}'].sort(), ['\u{1f642}', '\uff41']);
  t.equal(compareKeys('a', 'a'), 0);
  t.end();
});
