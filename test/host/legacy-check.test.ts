import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { EndpointRig } from '../support/endpoint-rig.js';

const CHECK = { jsonrpc: '2.0', id: 'check', method: 'ping' };

function check(rig: EndpointRig) {
  return rig.send({ user: '', body: CHECK });
}

const said = ({ text }: { text: string }): unknown => JSON.parse(text);

t.test('without a session an instance is started, asked for its tools and ended', async (t) => {
  const rig = new EndpointRig({ era: 'legacy' });
  const asked = check(rig);
  const channel = rig.source.newest('probe');
  channel.answer(channel.lastRequest('initialize'), {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
  });
  channel.answer(channel.lastRequest('tools/list'), { tools: [{ name: 'echo' }] });
  t.match(said(asked), {
    id: 'check',
    result: { _meta: { 'multi-mcp/check': { by: 'instance', tools: ['echo'] } } },
  });
  t.ok(channel.isClosed);
  t.match(said(check(rig)), { result: { _meta: { 'multi-mcp/check': { by: 'idle' } } } });
  rig.pass(600_000);
  check(rig);
  t.not(rig.source.newest('probe'), channel, 'what was proven is old: it is asked again');
});

t.test(
  'a session’s own instance is asked where there is one, and its client never hears of it',
  async (t) => {
    const rig = new EndpointRig({ era: 'legacy', sessionIdleMs: 60_000 });
    const client = rig.openSession();
    rig.pass(50_000);
    const asked = check(rig);
    const request = client.channel.lastRequest('ping');
    client.channel.answer(request, {});
    t.match(said(asked), { result: { _meta: { 'multi-mcp/check': { by: 'session' } } } });
    client.channel.answer(request, {});
    t.equal(asked.late, '', 'an answer that comes twice is not passed on');
    rig.pass(10_001);
    t.ok(client.channel.isClosed, 'a check does not keep an idle session alive');
  },
);

t.test('a server that fails says so, and is tried again the next time', async (t) => {
  const rig = new EndpointRig({ era: 'legacy' });
  const asked = check(rig);
  rig.source
    .newest('probe')
    .listener.onClose(new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'Its process ended.' }));
  t.ok(asked.status >= 500);
  t.match(asked.text, /Its process ended/);
  const again = check(rig);
  const channel = rig.source.newest('probe');
  channel.answer(channel.lastRequest('initialize'), {
    protocolVersion: '2025-11-25',
    capabilities: {},
  });
  t.match(said(again), { result: { _meta: { 'multi-mcp/check': { by: 'instance', tools: [] } } } });
});

t.test('a check whose asker gave up leaves nothing behind', async (t) => {
  const rig = new EndpointRig({ era: 'legacy' });
  const asked = check(rig);
  asked.abort();
  t.ok(rig.source.newest('probe').isClosed);
});

t.test('a client’s ping without a session is no check', async (t) => {
  const rig = new EndpointRig({ era: 'legacy' });
  const asked = rig.send({ user: 'ada', body: CHECK });
  t.equal(asked.status, 400);
});
