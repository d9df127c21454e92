import t from 'tap';
import { PinnedTools } from '../../src/gateway/pinned-tools.js';
import type { SeenTool } from '../../src/ipc/tool-pin-messages.js';
import { toolDefinitions } from '../../src/mcp/tool-definition.js';

const list = (...tools: object[]) => Buffer.from(JSON.stringify({ id: 1, result: { tools } }));
const a = { name: 'a', description: 'one' };
const changed = { name: 'a', description: 'two' };
const hashOf = (tool: object): string => toolDefinitions(list(tool))[0]?.hash ?? '';

function rig(hidesChanges: boolean) {
  const reported: SeenTool[] = [];
  const tools = new PinnedTools({
    hidesChanges,
    pins: { pins: { a: hashOf(a) }, quarantined: [] },
    report: (seen) => reported.push(...seen),
  });
  return { tools, reported };
}

t.test('what is as pinned is not told; what is new or changed is, once', (t) => {
  const { tools, reported } = rig(false);
  tools.inspect(list(a));
  t.same(reported, []);
  for (let time = 0; time < 3; time += 1) tools.inspect(list(changed, { name: 'b', n: time }));
  t.same(
    reported.map(({ name, hash }) => [name, hash]),
    [
      ['a', hashOf(changed)],
      ['b', hashOf({ name: 'b' })],
    ],
  );
  t.ok(tools.admits('a'), 'without quarantine it stays');
  tools.inspect(Buffer.from('{"tools" no JSON'));
  t.end();
});

t.test(
  'under quarantine a changed tool is gone at once, and stays so when it changes back',
  (t) => {
    const { tools } = rig(true);
    tools.inspect(list(changed));
    t.notOk(tools.admits('a'));
    tools.inspect(list(a));
    t.notOk(tools.admits('a'));
    tools.receive({ pins: { a: hashOf(changed) }, quarantined: [] });
    t.ok(tools.admits('a'), 'approved');
    tools.inspect(list(a));
    t.notOk(tools.admits('a'), 'the former definition is a change now');
    t.end();
  },
);

t.test('what another worker found is hidden here too', (t) => {
  const { tools } = rig(true);
  tools.receive({ pins: { a: hashOf(a) }, quarantined: ['a'] });
  t.notOk(tools.admits('a'));
  t.ok(tools.admits('b'));
  t.end();
});
