import t from 'tap';
import { unknownTargetBody } from '../../src/gateway/unknown-target.js';

t.test('the answer holds nothing of the gateway, and the id with its type', (t) => {
  t.equal(
    unknownTargetBody({ kind: 'tools', name: 'a"b' }, 'id', 'legacy'),
    '{"jsonrpc":"2.0","id":"id","error":{"code":-32602,"message":"Unknown tool: a\\"b"}}',
  );
  t.equal(
    unknownTargetBody({ kind: 'resources', name: 'x:1' }, 0, 'modern'),
    '{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"Resource not found","data":{"uri":"x:1"}}}',
  );
  t.end();
});
