import t from 'tap';
import { scopeRules } from '../../src/policy/scope-rules.js';

t.test('what any use needs, and what the tools called need beside it, once each', (t) => {
  const rules = scopeRules({
    required: ['use'],
    tools: { 'delete_*': ['write', 'use'], delete_all: ['admin'], '*_user': ['people'] },
  });
  for (const [tools, expected] of [
    [[], ['use']],
    [['read'], ['use']],
    [['delete_one'], ['use', 'write']],
    [['delete_all'], ['use', 'write', 'admin']],
    [['delete_user'], ['use', 'write', 'people']],
    [
      ['read', 'delete_one', 'delete_two'],
      ['use', 'write'],
    ],
    [['Delete_one'], ['use']],
  ] as const) {
    t.same(rules?.neededFor(tools), expected, tools.join());
  }
  t.end();
});

t.test('no rules are no object, so that nothing is spent on them', (t) => {
  t.equal(scopeRules({ required: [], tools: {} }), null);
  t.ok(scopeRules({ required: [], tools: { x: ['y'] } }));
  t.end();
});
