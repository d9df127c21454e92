import t from 'tap';
import { asSdkServer } from '../../src/host/sdk-server.js';
import { firstGeneration, secondGeneration } from '../support/module-fixtures/sdk-servers.js';

t.test('both generations are told apart, with and without their McpServer', (t) => {
  const first = firstGeneration();
  const second = secondGeneration();
  t.match(asSdkServer(first), { generation: 1 });
  t.match(asSdkServer(first.server), { generation: 1 });
  t.match(asSdkServer(second), { generation: 2 });
  t.match(asSdkServer(second.server), { generation: 2 });
  t.equal(asSdkServer(second)?.server, second.server);
  t.end();
});

for (const [what, value] of [
  ['nothing', undefined],
  ['a plain object', { connect: 1 }],
  ['a tool module', { name: 'x', version: '1', tools: [] }],
  ['something else that connects', { connect: () => 1, close: () => 1 }],
] as const) {
  t.test(`${what} is no server`, (t) => {
    t.equal(asSdkServer(value), null);
    t.end();
  });
}
