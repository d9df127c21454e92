import fc from 'fast-check';
import t from 'tap';
import { expand, expandAll } from '../../config/expand.js';

const ENV = { TOKEN: 'abc', EMPTY: '', A1_b: 'x' };

void t.test('references in a text', (t) => {
  const cases: [string, string, string[]][] = [
    ['Bearer ${TOKEN}', 'Bearer abc', []],
    ['${env:TOKEN}', 'abc', []],
    ['${A1_b}${TOKEN}', 'xabc', []],
    ['${NOPE}', '${NOPE}', ['${NOPE}']],
    ['${NOPE}-${TOKEN}-${env:GONE}', '${NOPE}-abc-${env:GONE}', ['${NOPE}', '${env:GONE}']],
    ['${NOPE:-a:-b}', 'a:-b', []],
    ['${EMPTY:-fallback}', 'fallback', []],
    ['${TOKEN:-fallback}', 'abc', []],
    ['${NOPE:-}', '', []],
    ['[${EMPTY}]', '[]', []],
    ['$${TOKEN}', '${TOKEN}', []],
    ['$TOKEN {TOKEN} $', '$TOKEN {TOKEN} $', []],
    ['${input:key}', '${input:key}', ['${input:key}']],
    ['${toString}', '${toString}', ['${toString}']],
    ['${NOPE:-two\nlines}', 'two\nlines', []],
  ];
  for (const [text, expected, unresolved] of cases) {
    t.strictSame(expand(text, ENV), { text: expected, unresolved }, text);
  }
  t.end();
});

void t.test('what a variable holds is not expanded again', (t) => {
  t.strictSame(expand('${OUTER}', { OUTER: '${TOKEN}', TOKEN: 'abc' }), {
    text: '${TOKEN}',
    unresolved: [],
  });
  t.end();
});

void t.test('a text without a dollar sign stays as it is', (t) => {
  const plain = fc.string({ maxLength: 100, size: 'max' }).filter((text) => !text.includes('$'));
  t.doesNotThrow(() => {
    fc.assert(fc.property(plain, (text) => expand(text, ENV).text === text));
  });
  t.end();
});

void t.test('every text of a document is expanded, and unresolved ones are named by path', (t) => {
  const missing: [unknown, unknown][] = [];
  const value = { a: ['${TOKEN}', { b: '${NOPE}${GONE}' }], n: 1, off: false, none: null };
  const expanded = expandAll(value, ENV, (path, references) => missing.push([path, references]));
  t.strictSame(expanded, { ...value, a: ['abc', { b: '${NOPE}${GONE}' }] });
  t.strictSame(missing, [
    [
      ['a', 1, 'b'],
      ['${NOPE}', '${GONE}'],
    ],
  ]);
  t.end();
});
