import t from 'tap';
import { endsLikeJson } from '../../src/mcp/json-end.js';

t.test('bytes that close an object or an array can be the end of a message', (t) => {
  for (const [text, expected] of [
    ['{}', true],
    ['[1] \r\n\t', true],
    ['"}', true],
    ['{"a":1', false],
    ['{"a":"x', false],
    ['data: {"a":1},', false],
    ['   \n', true],
    ['', true],
  ] as const) {
    t.equal(endsLikeJson(Buffer.from(text)), expected, JSON.stringify(text));
  }
  t.end();
});
