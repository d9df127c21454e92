import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { EndpointRig, modernRequest, settle } from '../support/endpoint-rig.js';

const LIST = modernRequest(1, 'tools/list');

/** What a server makes of the probe, and what that means. */
const ANSWERS: readonly (readonly [string, object, 'modern' | 'legacy'])[] = [
  ['a discover result', { result: { supportedVersions: ['2026-07-28'] } }, 'modern'],
  [
    'a result with versions nobody knows',
    { result: { supportedVersions: ['2099-01-01'] } },
    'legacy',
  ],
  ['some other result', { result: {} }, 'legacy'],
  ['an unsupported version', { error: { code: -32022, message: '' } }, 'modern'],
  [
    'an unsupported version by a server of earlier ones',
    { error: { code: -32022, message: '', data: { supported: ['2025-11-25'] } } },
    'legacy',
  ],
  ['a header mismatch', { error: { code: -32020, message: '' } }, 'modern'],
  ['a missing capability', { error: { code: -32021, message: '' } }, 'modern'],
  ['an unknown method', { error: { code: -32601, message: '' } }, 'legacy'],
  ['a server not initialized', { error: { code: -32600, message: '' } }, 'legacy'],
  ['an answer that is none', { result: {}, error: {} }, 'legacy'],
];

for (const [what, answer, era] of ANSWERS) {
  t.test(`${what} shows a ${era} server`, async (t) => {
    const rig = new EndpointRig();
    const exchange = rig.modern(LIST);
    const probe = rig.source.newest('probe');
    t.match(probe.last, {
      method: 'server/discover',
      params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
    });
    probe.say({ jsonrpc: '2.0', id: probe.last.id, ...answer });
    await settle();
    t.ok(probe.isClosed, 'the probed instance is thrown away');
    t.equal(rig.source.of('shared').length, era === 'modern' ? 1 : 0);
    if (era === 'legacy') {
      t.equal(exchange.status, 400);
      t.equal(exchange.json['id'], 1);
      t.match(exchange.error, {
        code: -32022,
        data: { supported: ['2025-11-25', '2025-06-18', '2025-03-26'], requested: '2026-07-28' },
      });
    }
  });
}

t.test('silence and an exit mean legacy, and are asked again after a while', async (t) => {
  const rig = new EndpointRig({ probeTimeoutMs: 2000 });
  const silent = rig.modern(LIST);
  rig.pass(1999);
  await settle();
  t.equal(silent.heads, 0);
  rig.pass(1);
  await settle();
  t.equal(silent.status, 400);
  t.ok(rig.source.newest('probe').isClosed);
  rig.modern(LIST);
  await settle();
  t.equal(rig.source.of('probe').length, 1, 'the verdict is kept');
  rig.pass(60_000);
  const exited = rig.modern(LIST);
  t.equal(rig.source.of('probe').length, 2);
  rig.source.newest('probe').crash();
  await settle();
  t.equal(exited.status, 400);
});

t.test('an exit from inside open means legacy too', async (t) => {
  const rig = new EndpointRig();
  rig.source.onOpen = (channel) => {
    channel.crash();
  };
  const exchange = rig.modern(LIST);
  await settle();
  t.equal(exchange.status, 400);
  t.equal(rig.source.newest('probe').sent.length, 0);
});

t.test('all who wait share one probe, and none of them is forgotten', async (t) => {
  const rig = new EndpointRig();
  const exchanges = Array.from({ length: 20 }, () => rig.modern(LIST));
  exchanges[3]?.abort();
  const probe = rig.source.newest('probe');
  probe.notify('notifications/message', {});
  probe.say({ jsonrpc: '2.0', id: 99, result: {} });
  probe.answer(probe.last, { supportedVersions: ['2026-07-28'] });
  await settle();
  t.equal(rig.source.of('probe').length, 1);
  t.equal(rig.shared.requests('tools/list').length, 19);
});

t.test('a probe that cannot be opened is no verdict', async (t) => {
  const rig = new EndpointRig();
  rig.source.openError = new GatewayError('GW_BULKHEAD_FULL');
  const exchange = rig.modern(LIST);
  await settle();
  t.equal(exchange.failedWith, 'GW_BULKHEAD_FULL');
  rig.source.openError = null;
  rig.modern(LIST);
  t.equal(rig.source.of('probe').length, 1);
});

t.test('a pinned server is not probed', async (t) => {
  const modern = new EndpointRig({ era: 'modern' });
  modern.modern(LIST);
  await settle();
  t.equal(modern.source.of('probe').length, 0);
  t.equal(modern.shared.requests('tools/list').length, 1);
  const legacy = new EndpointRig({ era: 'legacy' });
  const refused = legacy.modern(LIST);
  await settle();
  t.equal(refused.status, 400);
  t.equal(legacy.source.channels.length, 0);
});

t.test('legacy clients are served without any probe, beside modern ones', async (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession();
  t.equal(rig.source.of('probe').length, 0);
  rig.modern(LIST);
  const probe = rig.source.newest('probe');
  probe.answer(probe.last, { supportedVersions: ['2026-07-28'] });
  await settle();
  t.not(rig.shared, client.channel);
});

t.test('a modern verdict is doubted when instances end without a word', async (t) => {
  const rig = new EndpointRig();
  rig.modern(LIST);
  const probe = rig.source.newest('probe');
  probe.answer(probe.last, { supportedVersions: ['2026-07-28'] });
  await settle();
  rig.shared.crash();
  rig.modern(LIST);
  t.equal(rig.source.of('probe').length, 2);
});

t.test(
  'a server that proved to be modern and now ends or is silent is ill, not legacy',
  async (t) => {
    const rig = new EndpointRig({ probeTimeoutMs: 2000 });
    rig.modern(LIST);
    const first = rig.source.newest('probe');
    first.answer(first.last, { supportedVersions: ['2026-07-28'] });
    await settle();
    for (const fails of ['exit', 'silence']) {
      rig.shared.crash();
      const exchange = rig.modern(LIST);
      if (fails === 'exit') rig.source.newest('probe').crash();
      else rig.pass(2000);
      await settle();
      t.equal(exchange.status, 0, `${fails}: it is served as before`);
      t.equal(rig.shared.requests('tools/list').length, 1);
    }
    rig.pass(600_000);
    rig.shared.crash();
    rig.modern(LIST);
    rig.source.newest('probe').crash();
    await settle();
    const later = rig.modern(LIST);
    await settle();
    t.equal(later.status, 400, 'for as long as an answer holds');
  },
);

t.test('what a server answers itself outweighs what it was before', async (t) => {
  const rig = new EndpointRig();
  const answers: readonly (readonly [object, boolean])[] = [
    [{ result: { supportedVersions: ['2026-07-28'] } }, true],
    [{ error: { code: -32601, message: '' } }, false],
  ];
  for (const [answer, isModern] of answers) {
    const exchange = rig.modern(LIST);
    const probe = rig.source.newest('probe');
    probe.say({ jsonrpc: '2.0', id: probe.last.id, ...answer });
    await settle();
    t.equal(exchange.status, isModern ? 0 : 400);
    if (isModern) rig.shared.crash();
  }
});

t.test('a server that cannot be started is unreachable, and its era stays open', async (t) => {
  const rig = new EndpointRig();
  const notFound = new GatewayError('GW_UPSTREAM_UNREACHABLE', {
    hint: 'Its command was not found.',
    log: { sent: false },
  });
  const exchange = rig.modern(LIST);
  rig.source.newest('probe').crash(notFound);
  await settle();
  t.equal(exchange.status, 502);
  t.match(exchange.error['message'], 'Its command was not found.');
  rig.modern(LIST);
  t.equal(rig.source.of('probe').length, 2, 'the next one asks again');
});

t.test('closing the endpoint ends a running probe', async (t) => {
  const rig = new EndpointRig();
  const exchange = rig.modern(LIST);
  await rig.endpoint.close();
  t.ok(rig.source.newest('probe').isClosed);
  t.equal(exchange.failedWith, 'GW_DRAINING', 'whoever waited for it is not told a verdict');
});

t.test('the silence of a module that still loads shows no era', async (t) => {
  const rig = new EndpointRig();
  rig.source.isLoading = true;
  const early = rig.modern(LIST);
  rig.pass(2000);
  await settle();
  t.equal(early.failedWith, 'GW_UPSTREAM_UNREACHABLE');
  rig.source.isLoading = false;
  const probed = rig.source.channels.length;
  rig.modern(LIST);
  t.equal(rig.source.channels.length, probed + 1, 'it is asked again at once');
});
