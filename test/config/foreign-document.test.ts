import fc from 'fast-check';
import t from 'tap';
import { readForeign } from '../../config/foreign-document.js';

const LANGUAGES = [
  {
    name: 'x.toml',
    text: '[servers.a]\ncommand = "x" # why\nargs = ["one", "two"]\n[servers.a.env]\nK = "v"\n',
    places: { command: [2, 11], commandKey: [2, 1], second: [3, 16], variable: [5, 5] },
  },
  {
    name: 'x.yaml',
    text: 'servers:\n  a:\n    command: x # why\n    args: [one, two]\n    env:\n      K: v\n',
    places: { command: [3, 14], commandKey: [3, 5], second: [4, 17], variable: [6, 10] },
  },
  {
    name: 'x.json',
    text: '{"servers":\n {"a": {\n "command": "x", // why\n "args": ["one", "two"],\n "env": {"K": "v"}}}}',
    places: { command: [3, 13], commandKey: [3, 2], second: [4, 18], variable: [5, 15] },
  },
] as const;

for (const { name, text, places } of LANGUAGES) {
  t.test(`${name}: values and where each of them stands`, async (t) => {
    const document = await readForeign(text, name);
    t.same(document.problems, []);
    t.same(document.value, {
      servers: { a: { command: 'x', args: ['one', 'two'], env: { K: 'v' } } },
    });
    const at = (path: (string | number)[], where: 'key' | 'value' = 'value') => {
      const { line, column } = document.problemAt(['servers', 'a', ...path], {
        message: 'm',
        at: where,
      });
      return [line, column];
    };
    t.same(at(['command']), places.command);
    t.same(at(['command'], 'key'), places.commandKey);
    t.same(at(['args', 1]), places.second);
    t.same(at(['env', 'K']), places.variable);
    t.same(at(['command', 'absent']), places.commandKey, 'the nearest setting above');
  });

  t.test(`${name}: a file that is empty holds nothing`, async (t) => {
    const { value } = await readForeign('', name);
    t.notOk(value !== null && typeof value === 'object' && Object.keys(value).length > 0);
  });

  t.test(`${name}: any text gives values or problems, not an exception`, async (t) => {
    const someText = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.stringMatching(/^[[\]{}:=\-"'\n #&*<.,ab1|>]{0,30}$/),
    );
    await fc.assert(
      fc.asyncProperty(someText, async (text) => {
        const document = await readForeign(text, name);
        return document.problems.every(({ line, column }) => line !== null && column !== null);
      }),
    );
    t.pass();
  });

  t.test(`${name}: nothing reaches the prototype of objects`, async (t) => {
    const texts = {
      'x.toml': ['[__proto__]\nbad = 1', '[a]\n"__proto__" = { bad = 1 }', 'a.constructor.x = 1'],
      'x.yaml': ['__proto__:\n  bad: 1', 'a: { __proto__: { bad: 1 } }', 'a:\n  - prototype: 1'],
      'x.json': [
        '{"__proto__": {"bad": 1}}',
        '{"a": {"constructor": 1}}',
        '{"a":[{"prototype":1}]}',
      ],
    }[name];
    for (const text of texts) {
      const { problems } = await readForeign(text, name);
      t.match(problems, [{ line: Number, message: 'is not allowed as a key' }], text);
      t.equal(({} as { bad?: number }).bad, undefined);
    }
  });

  t.test(`${name}: brackets without end are refused, and do not end the process`, async (t) => {
    const opening = name === 'x.toml' ? 'a = ' : '';
    const { problems } = await readForeign(opening + '['.repeat(100_000), name);
    t.ok(problems.length > 0);
  });
}

t.test('a mistake is told with its place', async (t) => {
  const toml = await readForeign('a = 1\nb = ]\n', 'x.toml');
  t.match(toml.problems, [{ file: 'x.toml', line: 2, message: /^is not valid TOML: [a-z]/ }]);
  const twice = await readForeign('a = 1\na = 2\n', 'x.toml');
  t.match(twice.problems, [{ line: 2, message: /^is not valid TOML: / }]);
  const yaml = await readForeign('a: 1\nb: [2\nc: 3\n', 'x.yml');
  t.match(yaml.problems[0], { file: 'x.yml', message: /^is not valid YAML: / });
  const again = await readForeign('a: 1\na: 2\n', 'x.yaml');
  t.match(again.problems, [{ line: 2, message: /^is not valid YAML: Map keys must be unique/ }]);
});

t.test('of YAML: anchors and merged keys are followed, within bounds', async (t) => {
  const shared = 'base: &base { command: x }\nservers:\n  a: { <<: *base, cwd: /y }\n';
  t.match(await readForeign(shared, 'x.yaml'), {
    value: { servers: { a: { command: 'x', cwd: '/y' } } },
  });
  const laughs = Array.from(
    { length: 9 },
    (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]`,
  );
  const { value, problems } = await readForeign(`l0: &l0 [ha]\n${laughs.join('\n')}\n`, 'x.yaml');
  t.equal(value, undefined);
  t.match(problems, [{ message: 'has more than 100 aliases' }]);
});

t.test('of YAML: a second document is refused', async (t) => {
  const { problems } = await readForeign('a: 1\n---\nb: 2\n', 'x.yaml');
  t.match(problems, [{ line: 2, message: 'begins a second document' }]);
});
