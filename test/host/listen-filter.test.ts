import t from 'tap';
import { sharedFilterOf, toolsFilter, type ListenFilter } from '../../src/host/listen-filter.js';
import { scanMessage } from '../../src/mcp/scan-message.js';

function filterOf(notifications: unknown, user = 'ada'): ListenFilter | null {
  const params = { notifications };
  const body = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params };
  return sharedFilterOf(scanMessage(Buffer.from(JSON.stringify(body))), user);
}

t.test('the same wish has the same key, in whatever order and with whatever refusals', (t) => {
  const one = filterOf({ toolsListChanged: true, promptsListChanged: true });
  const same = filterOf(
    { promptsListChanged: true, resourcesListChanged: false, toolsListChanged: true },
    'bob',
  );
  t.same(one, same);
  t.equal(one?.owner, '');
  t.equal(filterOf({ toolsListChanged: true })?.shareKey, toolsFilter().shareKey);
  t.same(
    filterOf({ resourceSubscriptions: ['b', 'a', 'b'] }),
    filterOf({ resourceSubscriptions: ['a', 'b'] }),
  );
  t.end();
});

t.test('resources are a matter of one user', (t) => {
  const wish = { resourceSubscriptions: ['a'] };
  t.not(filterOf(wish, 'ada')?.shareKey, filterOf(wish, 'bob')?.shareKey);
  t.equal(filterOf(wish, 'bob')?.owner, 'bob');
  t.end();
});

t.test('no user name and no URI can make two keys alike', (t) => {
  const tricky = ['ada', '["ada"', 'ada","x', ''];
  const keys = tricky.flatMap((user) =>
    tricky.map((uri) => filterOf({ resourceSubscriptions: [uri] }, user)?.shareKey),
  );
  t.equal(new Set(keys).size, 16);
  t.end();
});

t.test('what is not understood is not shared', (t) => {
  for (const wish of [
    undefined,
    null,
    [],
    'x',
    { taskIds: ['t'] },
    { toolsListChanged: 'true' },
    { resourceSubscriptions: 'a' },
    { resourceSubscriptions: [1] },
    JSON.parse('{"__proto__":true}'),
  ]) {
    t.equal(filterOf(wish), null);
  }
  t.end();
});
