import fc from 'fast-check';
import t from 'tap';
import { readJsonc } from '../../config/jsonc.js';
import { said } from './inspect-text.js';

void t.test('comments and trailing commas are fine', (t) => {
  const text = '{ // one\n "a": [1, 2,], /* two */ "b": { "c": null, }, }';
  const document = readJsonc(text, 'x.json');
  t.strictSame(document.value, { a: [1, 2], b: { c: null } });
  t.strictSame(document.problems, []);
  t.end();
});

void t.test('whatever JSON can say is read as JSON.parse reads it', (t) => {
  const value = fc.jsonValue({ noUnicodeString: false });
  const isPlain = (text: string) => !/"(__proto__|constructor|prototype)"/.test(text);
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(
        value.map((each) => JSON.stringify(each, null, 1)).filter(isPlain),
        (text) => JSON.stringify(readJsonc(text, 'x').value) === JSON.stringify(JSON.parse(text)),
      ),
    );
  });
  t.end();
});

void t.test('text that is no JSON at all gives problems, not an exception', (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100, size: 'max' }), (text) => {
        const document = readJsonc(text, 'x');
        return document.problems.every(
          ({ line, column, sourceLine }) =>
            line !== null && column !== null && column <= (sourceLine?.length ?? 0) + 1,
        );
      }),
    );
  });
  t.end();
});

void t.test('every line with a syntax error is named, once', (t) => {
  const { problems, value } = readJsonc('{\n "a" 1,\n "b": tru,\n "c": 3\n', 'x.json');
  t.strictSame(
    problems.map(({ line, column, message }) => [line, column, message]),
    [
      [2, 6, 'is not valid JSON: colon expected'],
      [3, 7, 'is not valid JSON: invalid symbol'],
      [5, 1, 'is not valid JSON: close brace expected'],
    ],
  );
  t.strictSame(value, { c: 3 }, 'what can be read is read');
  t.end();
});

void t.test(
  'a key that is there twice is named where it repeats, and the first one counts',
  (t) => {
    const { problems, value } = readJsonc('{\n "a": 1,\n "a": 2\n}', 'x.json');
    t.match(problems, [{ line: 3, column: 2, length: 3, path: 'a', message: /twice/ }]);
    t.strictSame(value, { a: 1 });
    t.end();
  },
);

void t.test('keys that reach the prototype are refused and never become keys', (t) => {
  const text = '{ "__proto__": { "x": 1 }, "a": { "constructor": {}, "prototype": {} } }';
  const { problems, value } = readJsonc(text, 'x.json');
  t.strictSame(said(problems), [
    '__proto__ is not allowed as a key',
    'a.constructor is not allowed as a key',
    'a.prototype is not allowed as a key',
  ]);
  t.strictSame(value, { a: {} });
  t.equal(Object.getPrototypeOf(value), Object.prototype);
  t.end();
});

void t.test(
  'a problem points at the value, the key, a piece of it, or the nearest thing above',
  (t) => {
    const text = '{\r\n  "servers": {\r\n    "fs": { "args": ["-y", "${X}"] }\r\n  }\r\n}';
    const document = readJsonc(text, 'x.json');
    const place = (...args: Parameters<typeof document.problemAt>) => {
      const { line, column, length, sourceLine } = document.problemAt(...args);
      return [
        line,
        column,
        length,
        sourceLine?.slice((column ?? 1) - 1, (column ?? 1) - 1 + length),
      ];
    };
    const message = 'is wrong';
    t.strictSame(place(['servers', 'fs', 'args', 0], { message }), [3, 22, 4, '"-y"']);
    t.strictSame(place(['servers', 'fs'], { message, at: 'key' }), [3, 5, 4, '"fs"']);
    t.strictSame(place(['servers', 'fs', 'args', 1], { message, within: '${X}' }), [
      3,
      29,
      4,
      '${X}',
    ]);
    t.strictSame(
      place(['servers', 'fs', 'url'], { message }),
      [3, 5, 4, '"fs"'],
      'not in the file',
    );
    t.strictSame(place(['global', 'port'], { message }), [1, 1, 1, '{'], 'nor anything above it');
    t.equal(document.problemAt([], { message, hint: 'mend it' }).hint, 'mend it');
    t.end();
  },
);

void t.test('a piece that the value does not have leaves the whole value underlined', (t) => {
  const document = readJsonc('{ "a": "\\u0041", "b": "A" }', 'x.json');
  t.match(document.problemAt(['a'], { message: 'm', within: 'A' }), { column: 8, length: 8 });
  t.end();
});

void t.test('a value over several lines is underlined on its first', (t) => {
  const document = readJsonc('{ "a": {\n "b": 1\n} }', 'x.json');
  t.match(document.problemAt(['a'], { message: 'm' }), { line: 1, column: 8, length: 1 });
  t.end();
});

void t.test('a text nested without end is one problem, not an overflow of the stack', (t) => {
  for (const text of ['{"a":'.repeat(100_000), `{ "a": ${'['.repeat(400_000)}`]) {
    const { problems, value } = readJsonc(text, 'x.json');
    t.match(problems, [{ line: 1, message: 'is nested more than 32 levels deep' }]);
    t.equal(value, undefined);
  }
  const brackets = `{ "a": "${'{['.repeat(50)}" /* ${'['.repeat(50)} */ }`;
  t.strictSame(readJsonc(brackets, 'x.json').problems, [], 'in texts and comments they are none');
  t.end();
});

void t.test('settings know their line', (t) => {
  const document = readJsonc('{\n "a": {\n  "b": 1 } }', 'x.json');
  t.equal(document.lineOf(['a', 'b']), 3);
  t.equal(document.lineOf(['a', 'c']), null);
  t.equal(readJsonc('', 'x').lineOf(['a']), null);
  t.end();
});

void t.test('an empty file has no value, and a byte order mark is no part of the first', (t) => {
  t.equal(readJsonc('', 'x').value, undefined);
  t.match(readJsonc('// nothing yet\n', 'x').problems, [{ message: 'is empty' }]);
  t.match(readJsonc('', 'x').problemAt([], { message: 'm' }), { line: 1, column: 1, length: 1 });
  t.strictSame(readJsonc('\uFEFF{"a":1}', 'x').value, { a: 1 });
  t.strictSame(readJsonc('\uFEFF{"a":1}', 'x').problems, []);
  t.end();
});
