import fc from 'fast-check';
import t from 'tap';
import { printable, printableJson } from '../../src/kernel/visible-text.js';

const OBEYED = ['\u001b', '\n', '\x7f', '\x85', '\x9b', '\u200f', '\u202e', '\u2028', '\u2066'];

t.test('what a terminal would obey is replaced, everything else stays', (t) => {
  for (const character of OBEYED)
    t.equal(printable(`a${character}b`), 'a\ufffdb', character.charCodeAt(0).toString(16));
  const texts = ['<b>é', 'שלום', '👩‍💻', 'a\u00a0b'];
  for (const text of texts) t.equal(printable(text), text);
  t.end();
});

t.test('in JSON it is escaped, and means the same', (t) => {
  for (const character of OBEYED) {
    const json = printableJson(JSON.stringify({ a: character }));
    t.match(json, /^\{"a":"\\(?:n|u[0-9a-f]{4})"\}$/, json);
    t.same(JSON.parse(json), { a: character });
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = printableJson(JSON.stringify([text]));
      return (JSON.parse(json) as string[])[0] === text && printable(json) === json;
    }),
  );
  t.end();
});
