import t from 'tap';
import { EndpointRig, initialize, modernRequest, settle } from '../support/endpoint-rig.js';

const list = (id: number) => modernRequest(id, 'tools/list');

t.test('users with credentials of their own never share an instance', async (t) => {
  const rig = new EndpointRig({ era: 'modern' });
  const ana = rig.modern(list(1), { user: 'ana', credential: 'a' });
  const bob = rig.modern(list(1), { user: 'bob', credential: 'b' });
  await settle();
  const channels = rig.source.channels.filter(({ owner }) => owner.purpose === 'shared');
  t.same(
    channels.map(({ owner, origins, sent }) => [
      owner.user,
      owner.credential,
      origins,
      sent.length,
    ]),
    [
      ['ana', 'a', [{ user: 'ana', credential: 'a' }], 1],
      ['bob', 'b', [{ user: 'bob', credential: 'b' }], 1],
    ],
  );
  for (const channel of channels) {
    channel.answer(channel.lastRequest(), { tools: [{ name: channel.owner.user }] });
  }
  t.match(ana.text, '"ana"');
  t.match(bob.text, '"bob"');
  await rig.endpoint.close();
});

t.test(
  'without credentials all share one, and the same user gets the same one again',
  async (t) => {
    const rig = new EndpointRig({ era: 'modern' });
    rig.modern(list(1), { user: 'ana' });
    rig.modern(list(2), { user: 'bob' });
    rig.modern(list(3), { user: 'ana', credential: 'a' });
    rig.modern(list(4), { user: 'ana', credential: 'a' });
    await settle();
    const counts = rig.source.channels.map(({ owner, sent }) => [owner.user, sent.length]);
    t.same(counts, [
      ['', 2],
      ['ana', 2],
    ]);
    await rig.endpoint.close();
  },
);

t.test('another credential of the same user ends what the former one opened', async (t) => {
  const rig = new EndpointRig({ era: 'modern' });
  const before = rig.modern(list(1), { user: 'ana', credential: 'old' });
  await settle();
  rig.modern(list(2), { user: 'ana', credential: 'new' });
  await settle();
  const [former, present] = rig.source.channels;
  t.equal(former?.isClosed, true);
  t.equal(before.failedWith, 'GW_DRAINING');
  t.equal(present?.owner.credential, 'new');
  rig.endpoint.forgetUser('ana');
  await settle();
  t.equal(present?.isClosed, true, 'and a removal ends the present one');
  await rig.endpoint.close();
});

t.test("an unused user's instance is closed, one in use is not", async (t) => {
  const rig = new EndpointRig({ era: 'modern', sessionIdleMs: 1000, requestTimeoutMs: 60_000 });
  rig.modern(list(1), { user: 'ana', credential: 'a' });
  await settle();
  const [channel] = rig.source.channels;
  rig.pass(2000);
  t.equal(channel?.isClosed, false, 'its request is in flight');
  channel?.answer(channel.lastRequest(), { tools: [] });
  rig.pass(999);
  t.equal(channel?.isClosed, false);
  rig.pass(1001);
  t.equal(channel?.isClosed, true);
  await rig.endpoint.close();
});

t.test('a legacy session ends when its user comes with another credential', async (t) => {
  const rig = new EndpointRig();
  const opening = rig.send({ user: 'ana', credential: 'old', body: initialize('2025-06-18') });
  const channel = rig.source.newest('session');
  t.equal(channel.owner.credential, 'old');
  channel.answer(channel.lastRequest('initialize'), { protocolVersion: '2025-06-18' });
  const headers = { 'mcp-session-id': opening.header('mcp-session-id') ?? '' };
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  rig.send({ user: 'ana', credential: 'old', headers, body: ping });
  t.equal(channel.requests('ping').length, 1);
  const refused = rig.send({ user: 'ana', credential: 'new', headers, body: ping });
  t.equal(refused.status, 404);
  t.equal(channel.requests('ping').length, 1);
  t.equal(channel.isClosed, true);
  await rig.endpoint.close();
});

t.test("a changed credential ends its user's legacy sessions and no one else's", async (t) => {
  const rig = new EndpointRig();
  const ana = rig.openSession({ user: 'ana' });
  const bob = rig.openSession({ user: 'bob' });
  rig.endpoint.forgetUser('ana');
  t.equal(ana.channel.isClosed, true);
  t.equal(bob.channel.isClosed, false);
  await rig.endpoint.close();
});
