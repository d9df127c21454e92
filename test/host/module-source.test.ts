import t from 'tap';
import { ModuleSource, type ModuleSourceOptions } from '../../src/host/module-source.js';
import { createMemoryStore } from '../support/memory-store.js';
import { secondGeneration } from '../support/module-fixtures/sdk-servers.js';
import { ask, RecordingListener, recordingLog } from '../support/stdio-fixtures/stdio-fixture.js';

const SESSION = { purpose: 'session', user: 'alice', credential: null } as const;

function sourceOf(
  t: { teardown(release: () => unknown): void },
  load: () => Promise<unknown>,
  overrides: Partial<ModuleSourceOptions> = {},
) {
  const { log, entries } = recordingLog();
  const source = new ModuleSource({
    serverName: 'srv',
    load,
    documents: createMemoryStore().documents,
    maxChannels: 3,
    log,
    ...overrides,
  });
  t.teardown(() => source.close());
  return { source, entries };
}
const factory = (made: unknown) => (): Promise<unknown> => Promise.resolve({ default: () => made });
const PLAIN = { name: 'm', version: '1', tools: [] };

t.test('a module file is imported once and serves every channel', async (t) => {
  const file = new URL('../support/module-fixtures/plain-module.mjs', import.meta.url);
  const { source, entries } = sourceOf(t, () => import(file.href));
  t.match(source.status(), { kind: 'module', state: 'loading' });
  const early = new RecordingListener();
  const call = { id: 1, method: 'tools/call', params: { name: 'hello' } };
  ask(source.open(SESSION, early), call);
  const greeting = { content: [{ text: 'hello alice from srv' }] };
  t.match((await early.response(1)).result, greeting);
  const late = new RecordingListener();
  ask(source.open(SESSION, late), call);
  t.match((await late.response(1)).result, greeting);
  t.match(source.status(), { state: 'ready', openCount: 2, reason: null });
  t.equal(entries.filter((entry) => entry['msg'] === 'made').length, 1);
});

t.test('a module may bring an SDK server', async (t) => {
  const { source } = sourceOf(t, factory({ createServer: secondGeneration }));
  const listener = new RecordingListener();
  ask(source.open(SESSION, listener), {
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO },
  });
  t.match((await listener.response(1)).result, { serverInfo: { name: 'sdk-fixture' } });
});
const INFO = { name: 'c', version: '1' };

const failures: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
  ['cannot be imported', () => Promise.reject(new Error('Cannot find module')), /Cannot find/],
  ['has no default export', () => Promise.resolve({}), /default export/],
  ['exports no function', () => Promise.resolve({ default: {} }), /default export/],
  ['returns nothing of use', factory({ tool: [] }), /must return/],
  ['declares a tool twice', factory({ ...PLAIN, tools: [tool(), tool()] }), /exists twice/],
  [
    'throws in its factory',
    () =>
      Promise.resolve({
        default: () => {
          throw new Error('no licence');
        },
      }),
    /no licence/,
  ],
];
for (const [what, load, reason] of failures) {
  t.test(
    `a module that ${what} fails every channel, with the reason for the operator only`,
    async (t) => {
      const { source, entries } = sourceOf(t, load);
      const early = new RecordingListener();
      source.open(SESSION, early);
      const error = await early.closed();
      t.match(error, { code: 'GW_UPSTREAM_UNREACHABLE', options: { log: { sent: false } } });
      t.notMatch(error.message, reason);
      t.throws(() => source.open(SESSION, new RecordingListener()), { code: error.code });
      t.match(source.status(), { state: 'failing', reason, openCount: 0 });
      t.match(entries, [{ level: 50, msg: 'module did not load', err: { message: reason } }]);
    },
  );
}

t.test('a module that never finishes loading fails after a while', async (t) => {
  const { source } = sourceOf(t, () => new Promise(() => undefined), { loadTimeoutMs: 20 });
  await source.ready;
  t.match(source.status(), { state: 'failing', reason: /not done within 20 ms/ });
});

t.test('only so many channels are open at once', async (t) => {
  const { source } = sourceOf(t, factory(PLAIN));
  const channels = [1, 2, 3].map(() => source.open(SESSION, new RecordingListener()));
  t.throws(() => source.open(SESSION, new RecordingListener()), { code: 'GW_BULKHEAD_FULL' });
  await source.ready;
  await channels[0]?.close();
  t.equal(source.openCount, 2);
  source.open(SESSION, new RecordingListener());
});

t.test('closing ends the channels, then the module, once', async (t) => {
  const order: string[] = [];
  const close = (): Promise<void> => {
    order.push('module');
    return Promise.resolve();
  };
  const { source } = sourceOf(t, factory({ ...PLAIN, close }));
  await source.ready;
  const listener = new RecordingListener();
  listener.onClose = () => {
    order.push('channel');
  };
  source.open(SESSION, listener);
  await source.close();
  await source.close();
  t.strictSame(order, ['channel', 'module']);
  t.throws(() => source.open(SESSION, new RecordingListener()), { code: 'GW_DRAINING' });
});

for (const [how, close] of [
  ['fails to close', () => Promise.reject(new Error('busy'))],
  [
    'throws at once when it is closed',
    () => {
      throw new Error('busy');
    },
  ],
] as const) {
  t.test(`a module that ${how} does not fail the shutdown`, async (t) => {
    const { source, entries } = sourceOf(t, factory({ ...PLAIN, close }));
    await source.ready;
    await source.close();
    t.match(entries, [{ level: 40, err: { message: 'busy' } }]);
  });
}

t.test('a module that is ready only after the shutdown is closed then', async (t) => {
  let finish: (exports: unknown) => void = () => undefined;
  let closed = 0;
  const load = (): Promise<unknown> =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const { source } = sourceOf(t, load);
  await source.close();
  finish({
    default: () => ({
      ...PLAIN,
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    }),
  });
  await source.ready;
  t.equal(closed, 1);
});

t.test(
  'a module that is ready only after its time is closed then, however it closes',
  async (t) => {
    for (const how of ['in order', 'with an error'] as const) {
      let finish: (exports: unknown) => void = () => undefined;
      const loading = new Promise((resolve) => {
        finish = resolve;
      });
      const { source } = sourceOf(t, () => loading, { loadTimeoutMs: 20 });
      await source.ready;
      t.equal(source.status().state, 'failing');
      const closed = new Promise<string>((resolve) => {
        const close = (): Promise<void> => {
          resolve(how);
          return how === 'in order' ? Promise.resolve() : Promise.reject(new Error('busy'));
        };
        finish({ default: () => ({ ...PLAIN, close }) });
      });
      t.equal(await closed, how);
      t.equal(source.status().state, 'failing', 'its sessions were told so already');
    }
  },
);

function tool(): object {
  const handler = (): Promise<string> => Promise.resolve('x');
  return { name: 'a', description: 'a', inputSchema: { type: 'object' }, handler };
}
