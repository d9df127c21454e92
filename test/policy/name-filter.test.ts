import fc from 'fast-check';
import t from 'tap';
import { MAX_NAME_CHARS, nameFilter, rulesForServer } from '../../src/policy/name-filter.js';
import { holds } from './holds.js';

const admits = (allow: string[] | null, deny: string[], name: string): boolean =>
  nameFilter({ allow, deny })?.admits(name) ?? true;

t.test('a name exists when it is allowed and not denied; deny wins', (t) => {
  const cases: readonly (readonly [string[] | null, string[], string, boolean])[] = [
    [null, [], 'anything', true],
    [['read'], [], 'read', true],
    [['read'], [], 'read_all', false],
    [['read'], [], 'Read', false],
    [['read_*'], [], 'read_all', true],
    [['read_*'], [], 'read_', true],
    [['read_*'], ['read_secret'], 'read_secret', false],
    [['*'], ['*_secret'], 'read_secret', false],
    [null, ['a*b*c'], 'a-b-c', false],
    [null, ['a*b*c'], 'a-c-b', true],
    [null, ['a*b*c'], 'abc', false],
    [null, ['aba*aba'], 'aba', true],
    [null, ['a**z'], 'az', false],
    [null, ['*'], '', false],
    [[], [], 'anything', false],
    [['a.c'], [], 'abc', false],
    [['[ab]'], [], 'a', false],
    [['file:///docs/*'], [], 'file:///docs/a/b.md', true],
  ];
  for (const [allow, deny, name, expected] of cases) {
    t.equal(admits(allow, deny, name), expected, JSON.stringify([allow, deny, name]));
  }
  t.end();
});

t.test('rules that leave everything are no filter at all', (t) => {
  t.equal(nameFilter(null), null);
  t.equal(nameFilter({ allow: null, deny: [] }), null);
  t.equal(nameFilter({ allow: ['x', '*'], deny: [] }), null);
  t.end();
});

t.test('a star matches as the same regular expression does', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 12, size: 'max' });
  holds(
    t,
    fc.property(text, text, (pattern, name) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '[^]*');
      return admits([pattern], [], name) === new RegExp(`^${source}$`).test(name);
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('a name too long to be looked at does not exist where there are rules', (t) => {
  t.notOk(admits(null, ['b'], 'a'.repeat(MAX_NAME_CHARS + 1)));
  t.ok(admits(null, ['b'], 'a'.repeat(MAX_NAME_CHARS)));
  t.end();
});

t.test('a pattern with a slash holds for the servers it names, one without for all', (t) => {
  const rules = { allow: ['files/read_*', 'echo', 'mail-*/send'], deny: ['files/read_secret'] };
  t.same(rulesForServer(rules, 'files'), { allow: ['read_*', 'echo'], deny: ['read_secret'] });
  t.same(rulesForServer(rules, 'mail-eu'), { allow: ['echo', 'send'], deny: [] });
  t.same(rulesForServer(rules, 'other'), { allow: ['echo'], deny: [] });
  t.same(rulesForServer({ allow: null, deny: ['*/x/y'] }, 'any'), { allow: null, deny: ['x/y'] });
  t.end();
});
