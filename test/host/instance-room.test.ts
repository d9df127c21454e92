import t from 'tap';
import { nextTurn } from '../support/fake-wire.js';
import { EndpointRig, initialize, modernRequest } from '../support/endpoint-rig.js';

const VERSION = '2025-06-18';
const list = (id: number) => modernRequest(id, 'tools/list');

function full(maxChannels: number): EndpointRig {
  const rig = new EndpointRig({ era: 'legacy' });
  rig.source.maxChannels = maxChannels;
  return rig;
}

t.test('a user who has no process gets one of whoever holds most', async (t) => {
  const rig = full(3);
  const [first, second] = ['ana', 'ana', 'ana'].map((user) => rig.openSession({ user }));
  rig.pass(10);
  first?.call(1);
  const exchange = rig.send({ user: 'bob', body: initialize(VERSION) });
  await nextTurn();
  t.equal(second?.channel.isClosed, true, 'the longest unused one, not the one at work');
  t.equal(first?.channel.isClosed, false);
  const channel = rig.source.newest('session');
  t.equal(channel.owner.user, 'bob');
  channel.answer(channel.lastRequest('initialize'), { protocolVersion: VERSION });
  t.equal(exchange.status, 200);
  t.match(second?.call(2).error, { code: -32001 });
  t.ok(rig.logged.includes('an unused instance gives way'));
  await rig.endpoint.close();
});

t.test('who holds as many as he would take gets none, and nobody at work loses his', async (t) => {
  const rig = full(2);
  rig.openSession({ user: 'ana' });
  rig.openSession({ user: 'bob' });
  const refused = rig.send({ user: 'bob', body: initialize(VERSION) });
  await nextTurn();
  t.equal(refused.failedWith, 'GW_BULKHEAD_FULL');
  const busy = full(2);
  for (const id of [1, 2]) busy.openSession({ user: 'ana' }).call(id);
  const alsoRefused = busy.send({ user: 'bob', body: initialize(VERSION) });
  await nextTurn();
  t.equal(alsoRefused.failedWith, 'GW_BULKHEAD_FULL');
  t.equal(busy.source.openCount, 2);
});

t.test('a client that begins anew without an end takes the place of its former self', async (t) => {
  const rig = full(2);
  const gone = rig.openSession({ user: 'ana' });
  rig.openSession({ user: 'ana' }).get();
  rig.send({ user: 'ana', body: initialize(VERSION) });
  await nextTurn();
  t.equal(gone.channel.isClosed, false, 'its stream may yet come');
  rig.pass(31_000);
  rig.send({ user: 'ana', body: initialize(VERSION) });
  await nextTurn();
  t.equal(gone.channel.isClosed, true);
  t.equal(rig.source.openCount, 2);
  await rig.endpoint.close();
});

t.test('with credentials of their own, users take turns with modern processes', async (t) => {
  const rig = new EndpointRig({ era: 'modern' });
  rig.source.maxChannels = 2;
  for (const user of ['ana', 'bob']) {
    const exchange = rig.modern(list(1), { user, credential: user });
    await nextTurn();
    const channel = rig.source.newest('shared');
    channel.answer(channel.lastRequest(), { tools: [] });
    t.equal(exchange.status, 200);
    rig.pass(10);
  }
  const calls = [1, 2, 3].map((id) => rig.modern(list(id), { user: 'cy', credential: 'cy' }));
  await nextTurn();
  t.same(
    rig.source.channels.map(({ owner, isClosed }) => [owner.user, isClosed]),
    [
      ['ana', true],
      ['bob', false],
      ['cy', false],
    ],
    'one for all three',
  );
  t.equal(rig.source.newest('shared').sent.length, 3);
  t.ok(calls.every((call) => !call.isEnded));
  await rig.endpoint.close();
});
