import t from 'tap';
import { ToolHints } from '../../src/gateway/tool-hints.js';

const list = (tools: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } }));

t.test('a tool may be repeated when its server said so, and not otherwise', (t) => {
  const hints = new ToolHints();
  const tools = [
    { name: 'read', annotations: { readOnlyHint: true } },
    { name: 'put', annotations: { idempotentHint: true } },
    { name: 'pay', annotations: { destructiveHint: true } },
    { name: 'odd', annotations: { readOnlyHint: 'yes' } },
    { name: 'plain' },
    { annotations: { readOnlyHint: true } },
    null,
  ];
  hints.learn('a', list(tools));
  const repeatable = ['read', 'put', 'pay', 'odd', 'plain', 'unknown'].filter((tool) =>
    hints.isIdempotent('a', tool),
  );
  t.same(repeatable, ['read', 'put']);
  t.notOk(hints.isIdempotent('b', 'read'), "another server's tool of that name is another tool");
  hints.learn('a', list([{ name: 'read', annotations: {} }]));
  t.notOk(hints.isIdempotent('a', 'read'), 'the newest word counts');
  t.end();
});

t.test('an event stream teaches as well; what is no list teaches nothing', (t) => {
  const hints = new ToolHints();
  const events = `event: message\ndata: ${list([{ name: 'read', annotations: { readOnlyHint: true } }]).toString()}\n\n`;
  hints.learn('a', Buffer.from(events));
  t.ok(hints.isIdempotent('a', 'read'));
  for (const text of ['', '{', '{"result":5}', '[]', 'data: x\n\n', '{"result":{"tools":{}}}']) {
    hints.learn('a', Buffer.from(text));
  }
  t.ok(hints.isIdempotent('a', 'read'));
  t.end();
});

t.test('a server that names tools without end fills no memory', (t) => {
  const hints = new ToolHints();
  for (let page = 0; page < 20; page += 1) {
    hints.learn('a', list(Array.from({ length: 500 }, (_, i) => ({ name: `t${page}-${i}` }))));
  }
  t.equal(hints.size, 5000);
  t.end();
});
