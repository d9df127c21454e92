import t from 'tap';
import type { Config } from '../../config/config.js';
import { inspectText } from '../config/inspect-text.js';
import type { OpenRelay } from '../../src/gateway/open-relays.js';
import { ServedServers } from '../../src/http/served-servers.js';

type Tap = Parameters<typeof inspectText>[0];
const configOf = (t: Tap, servers: object, more: object = {}): Config =>
  inspectText(t, JSON.stringify({ servers, http: { drainTimeout: 1000 }, ...more })).config;
/** After every deadline. */
const LATER_MS = 1e12;
const a = { url: 'http://127.0.0.1:1/mcp' };
const b = { url: 'http://127.0.0.1:2/mcp' };

function rig(config: Config) {
  const closed: string[] = [];
  const replaced: string[] = [];
  const limits: number[] = [];
  const transport = (name: string) => ({
    limitConnections: (most: number) => {
      limits.push(most);
    },
    dispatch: () => {
      throw new Error('not in this test');
    },
    close: () => {
      closed.push(name);
      return Promise.resolve();
    },
  });
  const servers = new ServedServers(config, {
    connect: (_config, { name }) => transport(name),
    link: ({ name }) => transport(`link ${name}`),
    pinned: () => null,
    onReplaced: (name) => replaced.push(name),
  });
  return { servers, closed, replaced, limits };
}

function relay(isListening: boolean): OpenRelay & { ended: boolean } {
  const begun: OpenRelay & { ended: boolean } = {
    isListening,
    startedAtMs: Infinity,
    keyId: null,
    nextLink: null,
    previousLink: null,
    ended: false,
    timeOut: () => undefined,
    recheck: () => Promise.resolve(),
    endBecause: () => {
      begun.ended = true;
    },
  };
  return begun;
}

t.test('an untouched server is the very same object', (t) => {
  const { servers, closed } = rig(configOf(t, { a, b }));
  const before = servers.all.get('a');
  servers.apply(configOf(t, { a, b: { ...b, maxBodyBytes: 5000 } }));
  t.equal(servers.all.get('a'), before);
  t.equal(servers.all.get('b')?.maxBodyBytes, 5000);
  t.strictSame(closed, []);
  t.end();
});

t.test('other limits keep the connections; calls under way keep their timeout', (t) => {
  const { servers } = rig(configOf(t, { a }));
  const before = servers.all.get('a');
  const waiting = relay(false);
  before?.openRelays.begin(waiting);
  servers.apply(configOf(t, { a: { ...a, connectionPool: { requestTimeout: 50 } } }));
  const after = servers.all.get('a');
  t.equal(after?.transport, before?.transport);
  t.equal(after?.openRelays.timeoutMs, 50);
  t.equal(before?.openRelays.timeoutMs, 30_000);
  servers.endRelays({} as never, 'all', false);
  t.ok(waiting.ended, 'and are still ended with all others');
  t.end();
});

t.test('another limit of calls in flight keeps the connections and every stream', (t) => {
  const { servers, closed, replaced, limits } = rig(configOf(t, { a }));
  const before = servers.all.get('a');
  const [call, listening] = [relay(false), relay(true)];
  before?.openRelays.begin(call);
  before?.openRelays.begin(listening);
  servers.apply(configOf(t, { a: { ...a, connectionPool: { maxConnections: 3 } } }));
  t.equal(servers.all.get('a')?.transport, before?.transport);
  servers.apply(configOf(t, { a }, { global: { maxConnectionsPerServer: 4 } }));
  t.equal(servers.all.get('a')?.transport, before?.transport);
  servers.sweep(0);
  t.notOk(listening.ended);
  t.notOk(call.ended);
  t.strictSame([limits, closed, replaced], [[3, 4], [], []]);
  t.end();
});

t.test(
  'a server reached in another way gets new connections; the old ones end with their calls',
  (t) => {
    const { servers, closed, replaced } = rig(configOf(t, { a }));
    const before = servers.all.get('a');
    const [call, listening] = [relay(false), relay(true)];
    before?.openRelays.begin(call);
    before?.openRelays.begin(listening);
    servers.apply(configOf(t, { a: b }));
    t.strictSame(replaced, ['a']);
    t.not(servers.all.get('a')?.transport, before?.transport);
    t.ok(listening.ended, 'listening streams end at once');
    t.notOk(call.ended);
    servers.sweep(0);
    t.strictSame(closed, [], 'not while a call is under way');
    before?.openRelays.end(call, false);
    before?.openRelays.end(listening, false);
    servers.sweep(0);
    t.strictSame(closed, ['a']);
    t.end();
  },
);

t.test('a removed server ends its calls when the time for a drain is over', (t) => {
  const { servers, replaced } = rig(configOf(t, { a, b }));
  const call = relay(false);
  servers.all.get('b')?.openRelays.begin(call);
  servers.apply(configOf(t, { a }));
  t.strictSame([...servers.all.keys()], ['a']);
  t.strictSame(replaced, ['b']);
  servers.sweep(0);
  t.notOk(call.ended);
  servers.sweep(LATER_MS);
  t.ok(call.ended);
  t.end();
});

t.test('a server of an upstream host keeps its link, whose exchanges are not cut', async (t) => {
  const stdio = { command: '/bin/true' };
  const { servers, closed } = rig(configOf(t, { a, s: stdio }));
  servers.apply(configOf(t, { a }));
  servers.sweep(LATER_MS);
  t.strictSame(closed, []);
  await servers.close();
  t.strictSame(closed, ['a']);
});
