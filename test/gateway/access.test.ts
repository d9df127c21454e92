import t from 'tap';
import { accessOf, AccessTable } from '../../src/gateway/access.js';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import { NameFilter } from '../../src/policy/name-filter.js';
import { grant } from '../support/store-parts-contract.js';

const deny = (...patterns: string[]) => new NameFilter({ allow: null, deny: patterns });
const allow = (...patterns: string[]) => new NameFilter({ allow: patterns, deny: [] });

t.test('without any rule there is nothing to ask', (t) => {
  t.equal(accessOf({}), null);
  t.equal(accessOf({ tools: [] }), null);
  t.equal(new AccessTable().of(ANONYMOUS, 'fake', null), null);
  t.end();
});

t.test('every judge must admit a name, and each kind has its own', (t) => {
  const access = accessOf({ tools: [allow('read_*'), deny('*_secret')] });
  t.ok(access?.admits('tools', 'read_a'));
  t.notOk(access?.admits('tools', 'read_secret'));
  t.notOk(access?.admits('tools', 'write'));
  t.ok(access?.admits('prompts', 'write'));
  t.ok(access?.restricts('tools'));
  t.notOk(access?.restricts('prompts'));
  t.end();
});

t.test("a key's rules join the server's, and neither widens the other", (t) => {
  const table = new AccessTable();
  const ofServer = accessOf({ tools: [deny('drop')], prompts: [deny('p')] });
  const principal = { ...ANONYMOUS, tools: { allow: ['fake/*', 'x'], deny: ['fake/write'] } };
  const here = table.of(principal, 'fake', ofServer);
  t.ok(here?.admits('tools', 'read'));
  t.notOk(here?.admits('tools', 'write'));
  t.notOk(here?.admits('tools', 'drop'));
  t.notOk(here?.admits('prompts', 'p'));
  const elsewhere = table.of(principal, 'other', null);
  t.ok(elsewhere?.admits('tools', 'x'));
  t.notOk(elsewhere?.admits('tools', 'read'));
  t.equal(table.of(principal, 'fake', ofServer), here);
  t.notOk(
    table.of(principal, 'fake', accessOf({ tools: [deny('read')] }))?.admits('tools', 'read'),
  );
  t.end();
});

t.test('a grant’s rules join those of the key, on its server alone', (t) => {
  const tools = { allow: ['*'], deny: ['drop'] };
  const limited = grant({ server: 'fake', tools: { allow: ['read', 'drop'], deny: [] } });
  const principal = { ...ANONYMOUS, tools, grants: new Map([['fake', limited]]) };
  const table = new AccessTable();
  const here = table.of(principal, 'fake', null);
  t.same(
    ['read', 'drop', 'write'].map((name) => here?.admits('tools', name)),
    [true, false, false],
  );
  t.ok(table.of(principal, 'other', null)?.admits('tools', 'write'));
  const onlyGranted = table.of({ ...principal, tools: null }, 'fake', null);
  t.ok(onlyGranted?.admits('tools', 'drop'));
  t.notOk(onlyGranted?.admits('tools', 'write'));
  t.equal(table.of({ ...principal, tools: null }, 'other', null), null);
  t.end();
});

t.test('a resource is judged by what its URI reaches, however it is spelt', (t) => {
  const denied = accessOf({ resources: [deny('file:///secret/*')] });
  for (const uri of [
    'file:///secret/a',
    'FILE:///secret/a',
    'file:///public/../secret/a',
    'file:///public/%2e%2e/secret/a',
    'file:///%73ecret/a',
    'file:///public/%2E%2E/%73ecret/a',
    'file:/secret/a',
  ]) {
    t.notOk(denied?.admits('resources', uri), uri);
  }
  t.ok(denied?.admits('resources', 'file:///public/a'));
  t.ok(denied?.admits('resources', 'file:///100%'));
  const allowed = accessOf({ resources: [allow('docs://*')] });
  t.ok(allowed?.admits('resources', 'docs://a/{id}'));
  t.ok(allowed?.admits('resources', 'docs://a/b'));
  t.notOk(allowed?.admits('resources', 'file:///docs://a'));
  t.end();
});
