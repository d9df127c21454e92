import { pino } from 'pino';
import t from 'tap';
import type { Registration } from '../../config/registered-servers.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { ServerRegistry } from '../../src/primary/server-registry.js';
import { inspectText } from '../config/inspect-text.js';
import { until } from '../support/until.js';

const NOTES = { name: 'notes', entry: { url: 'https://n.example/mcp' }, isEnabled: true };

function rig(t: Parameters<typeof inspectText>[0]) {
  const state = {
    all: [] as Registration[],
    changes: 1,
    isAway: false,
    isDegraded: false,
    logged: [] as string[],
  };
  const answer = <Value>(value: () => Value): Promise<Value> =>
    state.isAway
      ? Promise.reject(new GatewayError('GW_STORE_UNAVAILABLE'))
      : Promise.resolve(value());
  const log = pino({}, { write: (line: string) => state.logged.push(line) });
  const file = inspectText(t, '{ "servers": { "mail": { "url": "https://m.example/mcp" } } }');
  const registry = new ServerRegistry(file.config, {
    registered: { all: () => answer(() => state.all), changes: () => answer(() => state.changes) },
    isDegraded: () => state.isDegraded,
    env: {},
    log,
  });
  t.teardown(() => {
    registry.stop();
  });
  const names = async (): Promise<string[]> => Object.keys((await registry.merged()).servers);
  return { registry, state, names, file: file.config };
}

t.test('what is registered is merged with the file as it was read last', async (t) => {
  const { registry, state, names, file } = rig(t);
  t.same(await names(), ['mail']);
  state.all = [{ ...NOTES, isReadable: true }];
  t.same(await names(), ['mail', 'notes']);
  t.equal(registry.file, file);
  const { config: next } = inspectText(t, '{}');
  t.same(Object.keys((await registry.merged(next)).servers), ['notes']);
  t.equal(registry.file, next);
});

t.test('while the store is away, or its answers are old, what is known goes on', async (t) => {
  const { state, names } = rig(t);
  state.isAway = true;
  await t.rejects(names(), { code: 'GW_STORE_UNAVAILABLE' });
  state.isAway = false;
  state.all = [{ ...NOTES, isReadable: true }];
  t.same(await names(), ['mail', 'notes']);
  state.isAway = true;
  t.same(await names(), ['mail', 'notes']);
  state.isAway = false;
  state.isDegraded = true;
  state.all = [];
  t.same(await names(), ['mail', 'notes']);
  state.isDegraded = false;
  t.same(await names(), ['mail']);
});

t.test('what cannot be served is listed with its reason, and logged once', async (t) => {
  const { registry, state, names } = rig(t);
  state.all = [
    { name: 'bad', entry: { urll: 'x' }, isEnabled: true, isReadable: true },
    { ...NOTES, isReadable: true },
    { ...NOTES, name: 'mail', isReadable: true },
  ];
  t.same(await names(), ['mail', 'notes']);
  await names();
  t.equal(state.logged.filter((line) => line.includes('not served')).length, 1);
  t.equal(state.logged.filter((line) => line.includes('gives way')).length, 1);
  const view = { enabled: true, kind: 'http', state: 'ready', detail: null };
  t.match(
    registry.views([
      { ...view, name: 'mail' },
      { ...view, name: 'notes' },
    ]),
    [
      { name: 'mail', origin: 'file' },
      { name: 'notes', origin: 'added' },
      { name: 'bad', origin: 'added', state: 'invalid', detail: /did you mean "url"/ },
    ],
  );
});

t.test('a change by another machine is noticed', async (t) => {
  const { registry, state, names } = rig(t);
  await names();
  let changes = 0;
  registry.watch(() => {
    changes += 1;
    void names();
  });
  state.changes = 2;
  await until(() => changes === 1, { timeoutMs: 20_000, what: 'a noticed change' });
});
