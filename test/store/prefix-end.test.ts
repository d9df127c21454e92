import fc from 'fast-check';
import t from 'tap';
import { compareKeys } from '../../src/store/document-rules.js';
import { endOfPrefix } from '../../src/store/prefix-end.js';

t.test('the end of a prefix steps over surrogates and past the last code point', (t) => {
  t.equal(endOfPrefix('a'), 'b');
  t.equal(endOfPrefix('\ud7ff'), '\ue000');
  t.equal(endOfPrefix('\uffff'), '\u{10000}');
  t.equal(endOfPrefix('a\u{10ffff}\u{10ffff}'), 'b');
  t.throws(() => endOfPrefix(''), RangeError);
  t.throws(() => endOfPrefix('\u{10ffff}'), RangeError);
  t.end();
});

t.test('property: a string is in the range exactly when it starts with the prefix', (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 4, size: 'max' });
  const near = fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}');
  const few = fc.array(near, { maxLength: 4, size: 'max' }).map((points) => points.join(''));
  fc.assert(
    fc.property(fc.oneof(text, few), fc.oneof(text, few), fc.boolean(), (one, two, isWithin) => {
      const prefix = `[${one}`;
      const key = isWithin ? prefix + two : `[${two}`;
      const isInRange = compareKeys(key, prefix) >= 0 && compareKeys(key, endOfPrefix(prefix)) < 0;
      return (
        isInRange ===
        Buffer.from(key).subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix))
      );
    }),
    { numRuns: 2000 },
  );
  t.pass('held for 2000 pairs');
  t.end();
});
