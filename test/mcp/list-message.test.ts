import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { withoutHidden, type AdmitsName } from '../../src/mcp/list-message.js';
import { holds } from '../policy/holds.js';

const only =
  (...names: string[]): AdmitsName =>
  (_kind, name) =>
    names.includes(name);
const filter = (text: string, admits: AdmitsName): string | null => {
  const kept = withoutHidden(Buffer.from(text), admits);
  return kept === null ? null : kept.toString();
};

t.test('hidden entries go, every other byte stays, the cursor too', (t) => {
  t.equal(
    filter(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"a","x":12345678901234567890} , {"name":"b"},{"x":1e2,"name":"c"}],"nextCursor":"n"}}',
      only('a', 'c'),
    ),
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","x":12345678901234567890},{"x":1e2,"name":"c"}],"nextCursor":"n"}}',
  );
  t.end();
});

t.test('an empty page keeps its cursor', (t) => {
  t.equal(
    filter('{"id":1,"result":{"prompts":[{"name":"a"}],"nextCursor":"2"}}', only()),
    '{"id":1,"result":{"prompts":[],"nextCursor":"2"}}',
  );
  t.end();
});

t.test('resources go by URI and templates by URI template, not by their names', (t) => {
  const resources = '{"result":{"resources":[{"name":"x:1","uri":"x:2"},{"uri":"x:1"}]}}';
  t.equal(filter(resources, only('x:1')), '{"result":{"resources":[{"uri":"x:1"}]}}');
  const templates = '{"result":{"resourceTemplates":[{"uriTemplate":"x:{a}"},{"uri":"x:{a}"}]}}';
  t.equal(
    filter(templates, only('x:{a}')),
    '{"result":{"resourceTemplates":[{"uriTemplate":"x:{a}"}]}}',
  );
  t.end();
});

t.test('a list that varies is private, even for who sees all of it', (t) => {
  t.equal(
    filter('{"result":{"cacheScope":"public","tools":[{"name":"a"}]}}', only('a')),
    '{"result":{"cacheScope":"private","tools":[{"name":"a"}]}}',
  );
  t.equal(
    filter('{"result":{"tools":[{"name":"a"},{"name":"b"}],"cacheScope":"public"}}', only('a')),
    '{"result":{"tools":[{"name":"a"}],"cacheScope":"private"}}',
  );
  const same = Buffer.from('{"result":{"tools":[{"name":"a"}],"cacheScope":"private"}}');
  t.equal(withoutHidden(same, only('a')), same);
  t.end();
});

t.test('entries without a name that can be judged are hidden', (t) => {
  t.equal(
    filter('{"result":{"tools":[{"name":7},null,[],{"title":"a"},{"name":"a"}]}}', () => true),
    '{"result":{"tools":[{"name":"a"}]}}',
  );
  t.end();
});

t.test('updates of a hidden resource are dropped; other messages pass', (t) => {
  const updated = (uri: string) =>
    `{"method":"notifications/resources/updated","params":{"uri":${uri}}}`;
  t.equal(filter(updated('"x:1"'), only('x:1')), updated('"x:1"'));
  t.equal(filter(updated('"x:2"'), only('x:1')), null);
  t.equal(
    filter(updated('5'), () => true),
    null,
  );
  for (const text of [
    '{"method":"notifications/message","params":{"data":{"tools":[{"name":"b"}]}}}',
    '{"id":1,"error":{"code":-32602,"message":"no"}}',
    '{"id":1,"result":{"content":[{"type":"text","text":"b"}]}}',
    '{"id":1,"result":null}',
  ]) {
    t.equal(filter(text, only()), text);
  }
  t.end();
});

t.test('what cannot be read for certain is refused', (t) => {
  for (const text of [
    '[{"id":1,"result":{"tools":[{"name":"b"}]}}]',
    '{"result":{"tools":[]},"result":{"tools":[{"name":"b"}]}}',
    '{"result":{"tools":[],"Tools":[{"name":"b"}]}}',
    '{"result":{"tools":[{"name":"a","name":"b"}]}}',
    '{"result":{"tools":{"b":{"name":"b"}}}}',
    '{"result":{"tools":[}}',
    'tools',
  ]) {
    t.throws(() => filter(text, only('a')), text);
  }
  t.end();
});

t.test('for any list, what is left is what parsing and filtering leaves', (t) => {
  const entry = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    x: fc.jsonValue({ maxDepth: 3 }),
  });
  holds(
    t,
    fc.property(fc.array(entry, { maxLength: 8, size: 'max' }), fc.boolean(), (tools, isSpaced) => {
      const text = JSON.stringify({ id: 1, result: { tools, n: 1 } }, null, isSpaced ? 2 : 0);
      const expected = { id: 1, result: { tools: tools.filter(({ name }) => name !== 'b'), n: 1 } };
      const kept = filter(text, (_kind, name) => name !== 'b') ?? '';
      return isDeepStrictEqual(JSON.parse(kept), JSON.parse(JSON.stringify(expected)));
    }),
    { numRuns: 200 },
  );
  t.end();
});
