import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { asOneLine } from '../../src/host/one-line.js';

t.test('any JSON becomes one line that means the same', (t) => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4, stringUnit: 'binary' }),
      fc.constantFrom('\n', '\r\n', '  ', '\t'),
      (json, indent) => {
        const value: unknown = JSON.parse(json);
        const pretty = JSON.stringify(value, null, indent).replaceAll(
          '\n',
          indent === '\r\n' ? '\r\n' : '\n',
        );
        const line = asOneLine(Buffer.from(pretty)).toString();
        assert.ok(line.endsWith('\n'));
        assert.ok(!/[\n\r\u2028\u2029]/.test(line.slice(0, -1)));
        assert.deepEqual(JSON.parse(line), value);
      },
    ),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

t.test('separators inside strings are escaped, their neighbours kept', (t) => {
  const text = '{"a":"\u2028x\u2029\u2028\u2027\u202a"}';
  t.equal(asOneLine(Buffer.from(text)).toString(), '{"a":"\\u2028x\\u2029\\u2028\u2027\u202a"}\n');
  t.end();
});

t.test('the message itself is left as it is', (t) => {
  const message = Buffer.from('{\n}');
  asOneLine(message);
  t.equal(message.toString(), '{\n}');
  t.end();
});

t.test('numbers and key order are not touched', (t) => {
  const text = '{"b":1.0,"a":12345678901234567890}';
  t.equal(asOneLine(Buffer.from(text)).toString(), `${text}\n`);
  t.end();
});
