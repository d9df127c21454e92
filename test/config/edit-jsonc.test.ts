import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import t from 'tap';
import { removeKey, renameInText, setValue } from '../../config/edit-jsonc.js';

t.test('a value is written in the style of its file, and nothing else is touched', (t) => {
  const text = '{\n\t// ours\n\t"servers": {\n\t\t"a": {"url":"x"} // first\n\t}\n}\n';
  t.equal(
    setValue(text, ['servers', 'b'], { url: 'y' }),
    '{\n\t// ours\n\t"servers": {\n\t\t"a": {"url":"x"}, // first\n\t\t"b": {\n\t\t\t"url": "y"\n\t\t}\n\t}\n}\n',
  );
  const windows = '\uFEFF{\r\n    "a": 1\r\n}\r\n';
  t.equal(setValue(windows, ['b'], 2), '\uFEFF{\r\n    "a": 1,\r\n    "b": 2\r\n}\r\n');
  t.equal(setValue('{}', ['servers', 'a'], 1), '{\n  "servers": {\n    "a": 1\n  }\n}');
  t.equal(setValue('{ "a": 1, /* c */ }', ['b'], [2]), '{ "a": 1, /* c */ "b": [2], }');
  t.equal(setValue('{\n  "s": {\n  }\n}', ['s', 'b'], 2), '{\n  "s": {\n    "b": 2\n  }\n}');
  t.equal(
    setValue('{\n  "s": {\n    "a": {} // c\n    // d\n  }\n}', ['s', 'a'], { b: 1 }),
    '{\n  "s": {\n    "a": {\n      "b": 1\n    } // c\n    // d\n  }\n}',
  );
  t.end();
});

t.test('a key goes with one comma, and every comment stays', (t) => {
  for (const [text, expected] of [
    ['{\n  "a": 1, // one\n  "k": 2\n}', '{\n  "a": 1 // one\n}'],
    ['{\n  "k": 2, // two\n  "a": 1\n}', '{\n  // two\n  "a": 1\n}'],
    ['{\n  // above\n  "k": 2,\n  "a": 1\n}', '{\n  // above\n  "a": 1\n}'],
    ['{\n  "a": 1,\n  "k": 2,\n}', '{\n  "a": 1,\n}'],
    ['{ "a": 1 /* x */, "k": 2 }', '{ "a": 1 /* x */ }'],
    ['{"k":{"deep":[1,2]}}', '{}'],
    ['{"a":1}', '{"a":1}'],
  ] as const) {
    t.equal(removeKey(text, ['k']), expected, JSON.stringify(text));
  }
  t.end();
});

t.test('however a file is written, what is left says what it said', (t) => {
  const gap = fc.constantFrom('', ' ', '\n', ' /* c */ ', ' // c\n', '\n\n');
  const key = fc.constantFrom('a', 'b', 'k', 'd');
  const member = fc.tuple(gap, key, gap, fc.constantFrom('1', '"x"', '{"k": 1}', '[1, 2]'), gap);
  fc.assert(
    fc.property(
      fc.uniqueArray(member, { selector: ([, name]) => name, minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (members, hasTrailing) => {
        const inside = members.map(([a, name, b, value, c]) => `${a}"${name}"${b}:${value}${c}`);
        const text = `{${inside.join(',')}${hasTrailing ? ',' : ''}}`;
        const read = (from: string): Record<string, unknown> =>
          parse(from, [], { allowTrailingComma: true }) as Record<string, unknown>;
        const { k, ...others } = read(text);
        const comments = (from: string): number => from.split(/\/\/ c|\/\* c/).length;
        const removed = removeKey(text, ['k']);
        const grown = setValue(text, ['new'], { in: [1] });
        const renamed = renameInText(text, { from: ['k'], to: ['z'], value: k });
        return (
          JSON.stringify(read(removed)) === JSON.stringify(others) &&
          JSON.stringify(read(grown)) === JSON.stringify({ ...read(text), new: { in: [1] } }) &&
          comments(grown) === comments(text) &&
          JSON.stringify(read(renamed)['z']) === JSON.stringify(k) &&
          // Between a key and its own value a comment goes along with them.
          comments(renamed) === comments(text)
        );
      },
    ),
    { numRuns: 3_000 },
  );
  t.end();
});

t.test(
  'a rename keeps the place of the key, converts its value, and moves it where it must',
  (t) => {
    const text = '{\n  "a": {\n    // why\n    "off": true, // now\n    "b": 1\n  }\n}\n';
    t.equal(
      renameInText(text, { from: ['a', 'off'], to: ['a', 'on'], value: false }),
      '{\n  "a": {\n    // why\n    "on": false, // now\n    "b": 1\n  }\n}\n',
    );
    const moved = renameInText(text, { from: ['a', 'b'], to: ['c', 'd'], value: 1 });
    t.same(parse(moved), { a: { off: true }, c: { d: 1 } });
    t.match(moved, '// why');
    t.match(moved, '// now');
    t.same(parse(renameInText(text, { from: ['a', 'b'], to: ['x'], value: undefined })), {
      a: { off: true },
    });
    t.end();
  },
);
