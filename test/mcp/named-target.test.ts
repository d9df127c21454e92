import t from 'tap';
import { listedKind, namedTarget, pruneSubscriptions } from '../../src/mcp/named-target.js';
import { scanMessage } from '../../src/mcp/scan-message.js';

const message = (method: string, params: string) =>
  scanMessage(Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`));

t.test('each method names its target where the specification says', (t) => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['tools/call', '{"name":"a"}', { kind: 'tools', name: 'a' }],
    ['tools/call', '{"name":["a"]}', { kind: 'tools', name: null }],
    ['tools/call', '{}', { kind: 'tools', name: null }],
    ['prompts/get', '{"name":"p"}', { kind: 'prompts', name: 'p' }],
    ['resources/read', '{"uri":"x:y","name":"z"}', { kind: 'resources', name: 'x:y' }],
    ['resources/subscribe', '{"uri":"x:y"}', { kind: 'resources', name: 'x:y' }],
    ['resources/unsubscribe', '{"uri":"x:y"}', { kind: 'resources', name: 'x:y' }],
    [
      'completion/complete',
      '{"argument":{},"ref":{"type":"ref/prompt","name":"p"}}',
      { kind: 'prompts', name: 'p' },
    ],
    [
      'completion/complete',
      '{"ref":{"uri":"x://{a}","type":"ref/resource"}}',
      { kind: 'resources', name: 'x://{a}' },
    ],
    ['completion/complete', '{"ref":{"type":"ref/other"}}', { kind: 'prompts', name: null }],
    ['completion/complete', '{"ref":7}', { kind: 'prompts', name: null }],
    ['ping', '{}', null],
    ['tools/list', '{}', null],
  ];
  for (const [method, params, expected] of cases) {
    t.same(namedTarget(message(method, params)), expected, `${method} ${params}`);
  }
  t.equal(listedKind('resources/templates/list'), 'resources');
  t.equal(listedKind('tools/call'), undefined);
  t.end();
});

t.test('a reference that two readers may read differently is refused', (t) => {
  for (const ref of [
    '{"type":"ref/prompt","name":"a","name":"b"}',
    '{"type":"ref/prompt","name":"a","Name":"b"}',
  ]) {
    t.throws(() => namedTarget(message('completion/complete', `{"ref":${ref}}`)), {
      code: 'GW_BAD_REQUEST',
    });
  }
  t.throws(
    () => namedTarget(message('completion/complete', '{"ref":{"type":"x"},"ref":{"type":"y"}}')),
    { code: 'GW_BAD_REQUEST' },
  );
  t.end();
});

t.test('subscriptions that are not admitted are taken out, other bytes stay', (t) => {
  const listen = message(
    'subscriptions/listen',
    '{ "n" : 1e3, "notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:1", "b:2" ,3]}}',
  );
  const pruned = pruneSubscriptions(listen, (uri) => uri === 'a:1').toString();
  t.match(
    pruned,
    '{ "n" : 1e3, "notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:1"]}}',
  );
  t.equal(
    pruneSubscriptions(message('subscriptions/listen', '{"notifications":{}}'), () => false)
      .length > 0,
    true,
  );
  const whole = message(
    'subscriptions/listen',
    '{"notifications":{"resourceSubscriptions":["a:1"]}}',
  );
  t.equal(
    pruneSubscriptions(whole, () => true),
    whole.bytes,
  );
  t.end();
});
