import fc from 'fast-check';
import t from 'tap';
import { idAtEnds, idAtStart } from '../../src/mcp/answer-id.js';

const id = fc.oneof(fc.integer(), fc.string(), fc.constant(null));
const result = fc.oneof(
  fc.jsonValue(),
  // Results that look like the answer's own members, in strings and in nested objects.
  fc.record({ jsonrpc: fc.constant('2.0'), id }),
  fc.string().map((text) => `${text},"jsonrpc":"2.0","id":7}`),
);
const layout = fc.constantFrom(
  ['jsonrpc', 'id', 'result'],
  ['id', 'jsonrpc', 'result'],
  ['result', 'jsonrpc', 'id'],
  ['result', 'id', 'jsonrpc'],
  ['jsonrpc', 'result', 'id'],
);

t.test('whatever it finds is the id that a parser finds', (t) => {
  fc.assert(
    fc.property(id, result, layout, fc.constantFrom(undefined, 1), (id, result, layout, indent) => {
      const members: Record<string, unknown> = { jsonrpc: '2.0', id, result };
      const text = JSON.stringify(
        Object.fromEntries(layout.map((name) => [name, members[name]])),
        null,
        indent,
      );
      const found = idAtEnds(Buffer.from(text));
      return found === undefined || found === id;
    }),
    { numRuns: 5_000 },
  );
  t.end();
});

t.test('the spellings of common serialisers are found', (t) => {
  const long = 'x'.repeat(10_000);
  const answer = (text: string) => Buffer.from(text.replace('LONG', long));
  for (const [text, id] of [
    ['{"jsonrpc":"2.0","id":1,"result":"LONG"}', 1],
    ['{"result":"LONG","jsonrpc":"2.0","id":1}', 1],
    ['{"jsonrpc":"2.0","result":"LONG","id":"a-1"}', 'a-1'],
    ['{ "jsonrpc": "2.0", "id": -5, "result": "LONG" }\n', -5],
    ['{"jsonrpc":"2.0","error":{"message":"LONG"},"id":null}', null],
    ['{"result":"LONG","id":"é","jsonrpc":"2.0"}', 'é'],
  ] as const) {
    t.equal(idAtEnds(answer(text)), id, text);
  }
  t.equal(idAtStart(answer('{"jsonrpc":"2.0","id":1,"result":"LONG')), 1, 'an answer cut short');
  t.end();
});

t.test('what cannot be known from the ends is left to a scan', (t) => {
  const long = 'x'.repeat(10_000);
  for (const text of [
    `{"jsonrpc":"2.0","result":"${long}","id":1,"extra":2}`,
    `{"jsonrpc":"2.0","id":"\\u0061","result":"${long}"}`,
    `{"jsonrpc":"2.0","id":1.5,"result":"${long}"}`,
    `{"jsonrpc":"2.0","id":12345678901234567890,"result":"${long}"}`,
    `{"jsonrpc":"2.0","result":{"id":1,"text":"${long}"}}`,
    '<html>',
    '',
  ]) {
    t.equal(idAtEnds(Buffer.from(text)), undefined, text.slice(0, 40));
  }
  t.end();
});
