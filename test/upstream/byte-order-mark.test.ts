import t from 'tap';
import { WithoutMark } from '../../src/upstream/byte-order-mark.js';

const rows: readonly [name: string, pieces: readonly string[], passed: string][] = [
  ['no mark', ['{}'], '{}'],
  ['whole', ['\xef\xbb\xbf{}'], '{}'],
  ['of its own', ['\xef\xbb\xbf', '{}'], '{}'],
  ['byte by byte', ['\xef', '\xbb', '\xbf', '{', '}'], '{}'],
  ['twice', ['\xef\xbb\xbf\xef\xbb\xbf{}'], '\xef\xbb\xbf{}'],
  ['only begun', ['\xef', '\xbbx', 'y'], '\xef\xbbxy'],
  ['only begun when the answer ends', ['\xef\xbb'], '\xef\xbb'],
  ['further on', ['a', '\xef\xbb\xbf'], 'a\xef\xbb\xbf'],
  ['nothing at all', [], ''],
];

t.test('a byte order mark is left out where an answer begins, however it is cut', (t) => {
  for (const [name, pieces, passed] of rows) {
    const mark = new WithoutMark();
    const out = pieces.map((piece) => mark.take(Buffer.from(piece, 'latin1')));
    t.equal(Buffer.concat([...out, mark.rest()]).toString('latin1'), passed, name);
  }
  t.end();
});

t.test('what has no mark is passed on without being copied', (t) => {
  const chunk = Buffer.from('data: 1\n\n');
  t.equal(new WithoutMark().take(chunk), chunk);
  t.end();
});
