import fc from 'fast-check';
import t from 'tap';
import { GrowingBytes } from '../../src/kernel/growing-bytes.js';
import { countCopiedBytes } from '../support/count-copied-bytes.js';

t.test('pieces of any size come out in order and in one', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 20, size: 'max' }),
      (pieces) => {
        const bytes = new GrowingBytes();
        for (const piece of pieces) bytes.append(piece);
        const expected = Buffer.concat(pieces);
        const isSame = bytes.length === expected.length && bytes.view().equals(expected);
        return isSame && bytes.take().equals(expected) && bytes.length === 0;
      },
    ),
  );
  t.end();
});

t.test('what was taken is not written to again', (t) => {
  const bytes = new GrowingBytes();
  bytes.append(Buffer.from('first'));
  const taken = bytes.take();
  bytes.append(Buffer.from('other'));
  t.equal(taken.toString(), 'first');
  t.equal(bytes.take().toString(), 'other');
  t.equal(bytes.take().length, 0);
  t.end();
});

t.test('growing by single bytes copies no more than twice what there is', (t) => {
  const bytes = new GrowingBytes();
  const piece = Buffer.from('x');
  const copied = countCopiedBytes(() => {
    for (let i = 0; i < 100_000; i += 1) bytes.append(piece);
  });
  t.equal(bytes.length, 100_000);
  t.ok(copied <= 200_000, `${copied}`);
  t.end();
});
