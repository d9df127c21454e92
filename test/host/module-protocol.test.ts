import t from 'tap';
import { MODERN_META, openModule } from '../support/module-fixtures/module-channel.js';

const MODULE = {
  instructions: 'Be kind.',
  tools: [
    {
      name: 'a',
      description: 'a',
      inputSchema: { type: 'object' },
      handler: () => Promise.resolve('x'),
    },
  ],
  resources: {
    list: () => Promise.resolve([]),
    read: (uri: string) => Promise.resolve(uri === 'x://1' ? [{ uri, text: '1' }] : null),
  },
};
const SERVER_INFO = { name: 'test-module', version: '1.2.3' };

for (const [asked, answered] of [
  ['2025-11-25', '2025-11-25'],
  ['2025-03-26', '2025-03-26'],
  ['1999-01-01', '2025-11-25'],
  ['2026-07-28', '2025-11-25'],
] as const) {
  t.test(`initialize with ${asked} negotiates ${answered}`, async (t) => {
    const { result } = await openModule(MODULE).ask('initialize', {
      protocolVersion: asked,
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    });
    t.strictSame(result, {
      protocolVersion: answered,
      capabilities: { logging: {}, tools: {}, resources: {} },
      serverInfo: SERVER_INFO,
      instructions: 'Be kind.',
    });
  });
}

t.test('legacy answers carry nothing of the modern revision', async (t) => {
  const { result } = await openModule(MODULE).ask('tools/list');
  t.strictSame(Object.keys(result ?? {}), ['tools']);
});

t.test('server/discover says what is served, and may be kept', async (t) => {
  const { result } = await openModule(MODULE).askModern('server/discover');
  t.strictSame(result, {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { logging: {}, tools: {}, resources: {} },
    instructions: 'Be kind.',
    ttlMs: 60_000,
    cacheScope: 'public',
    _meta: { 'io.modelcontextprotocol/serverInfo': SERVER_INFO },
  });
});

for (const [method, params, cacheScope] of [
  ['tools/list', {}, 'public'],
  ['resources/templates/list', {}, 'public'],
  ['resources/list', {}, 'private'],
  ['resources/read', { uri: 'x://1' }, 'private'],
] as const) {
  t.test(`a modern ${method} is ${cacheScope} to caches`, async (t) => {
    const { result } = await openModule(MODULE).askModern(method, params);
    t.match(result, {
      resultType: 'complete',
      ttlMs: cacheScope === 'public' ? 60_000 : 0,
      cacheScope,
      _meta: { 'io.modelcontextprotocol/serverInfo': SERVER_INFO },
    });
  });
}

t.test('a modern call is complete and never to be kept', async (t) => {
  const { result } = await openModule(MODULE).askModern('tools/call', { name: 'a' });
  t.equal(result?.['resultType'], 'complete');
  t.notOk('ttlMs' in (result ?? {}));
});

t.test('a resource that is not there is -32602 for modern clients', async (t) => {
  const { error } = await openModule(MODULE).askModern('resources/read', { uri: 'x://2' });
  t.match(error, { code: -32602, data: { uri: 'x://2' } });
});

for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe']) {
  t.test(`${method} does not exist in the modern revision`, async (t) => {
    t.match((await openModule(MODULE).askModern(method)).error, { code: -32601 });
  });
}

t.test('server/discover does not exist before it', async (t) => {
  t.match((await openModule(MODULE).ask('server/discover')).error, { code: -32601 });
});

t.test('a version that is not served is named, beside those that are', async (t) => {
  const meta = { ...MODERN_META, 'io.modelcontextprotocol/protocolVersion': '2030-01-01' };
  const { error } = await openModule(MODULE).ask('tools/list', { _meta: meta });
  t.match(error, {
    code: -32022,
    data: { supported: ['2026-07-28'], requested: '2030-01-01' },
  });
});

const faults: readonly (readonly [string, object])[] = [
  ['no client capabilities', { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }],
  ['a version that is no text', { ...MODERN_META, 'io.modelcontextprotocol/protocolVersion': 1 }],
  ['an invalid log level', { ...MODERN_META, 'io.modelcontextprotocol/logLevel': 'loud' }],
];
for (const [what, meta] of faults) {
  t.test(`an envelope with ${what} is refused with -32602`, async (t) => {
    const { error } = await openModule(MODULE).ask('tools/list', { _meta: meta });
    t.match(error, { code: -32602, message: /_meta envelope/ });
  });
}
