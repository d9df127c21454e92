import t from 'tap';
import { toolDefinitions } from '../../src/mcp/tool-definition.js';
import { ToolPinBook } from '../../src/primary/tool-pin-book.js';
import type { ToolPins } from '../../src/ipc/tool-pin-messages.js';
import { createMemoryStore } from '../support/memory-store.js';

const seen = (description: string, name = 'a') =>
  toolDefinitions(Buffer.from(JSON.stringify({ result: { tools: [{ name, description }] } })));

function rig(policy: 'allow' | 'warn' | 'quarantine', store = createMemoryStore()) {
  const alerts = new Map<string, string>();
  const logged: { readonly diff?: string }[] = [];
  const told: ToolPins[] = [];
  const note = (facts: object) => void logged.push(facts);
  const book = new ToolPinBook({
    policyOf: (server) => (server === 'srv' ? policy : 'off'),
    documents: store.documents,
    alerts: {
      raise: (alert, target, message) => alerts.set(`${alert} ${target ?? ''}`, message),
      clear: (alert, target) => alerts.delete(`${alert} ${target ?? ''}`),
    },
    log: { info: note, warn: note, error: note },
    broadcast: (_server, pins) => told.push(pins),
  });
  return { book, alerts, logged, told, store };
}

t.test(
  'a tool is pinned as first seen; a change is told with its diff and hidden until approved',
  async (t) => {
    const { book, alerts, logged, told } = rig('quarantine');
    await book.load(['srv', 'other']);
    await book.seen('srv', seen('one'));
    t.equal(told.length, 1);
    t.same(logged, []);
    await book.seen('srv', seen('one'));
    t.equal(told.length, 1, 'nothing new');
    await book.seen('srv', seen('two'));
    t.same(told.at(-1)?.quarantined, ['a']);
    t.match(logged, [
      { server: 'srv', tool: 'a', diff: '- "description": "one"\n+ "description": "two"' },
    ]);
    t.match(alerts.get('tool-definition-changed srv'), /multi-mcp servers approve srv$/);
    await book.seen('srv', seen('two'));
    t.equal(logged.length, 1, 'told once');
    t.same(await book.approve('srv', 'b'), []);
    t.same(await book.approve('srv', null), ['a']);
    t.same(told.at(-1), { pins: { a: seen('two')[0]?.hash }, quarantined: [] });
    t.equal(alerts.size, 0);
  },
);

t.test('under warn it stays visible, under allow the change is pinned', async (t) => {
  const warning = rig('warn');
  await warning.book.load(['srv', 'other']);
  await warning.book.seen('srv', seen('one'));
  await warning.book.seen('srv', seen('two'));
  t.same(warning.told.at(-1), { pins: { a: seen('one')[0]?.hash }, quarantined: [] });
  t.equal(warning.alerts.size, 1);
  const allowing = rig('allow');
  await allowing.book.load(['srv', 'other']);
  await allowing.book.seen('srv', seen('one'));
  await allowing.book.seen('srv', seen('two'));
  t.same(allowing.told.at(-1), { pins: { a: seen('two')[0]?.hash }, quarantined: [] });
  t.equal(allowing.alerts.size, 0);
  t.equal(allowing.logged.length, 1);
});

t.test('a restart forgets neither pins nor quarantine, and raises the alert again', async (t) => {
  const { book, store } = rig('quarantine');
  await book.load(['srv', 'other']);
  await book.seen('srv', [...seen('one'), ...seen('x', 'b')]);
  await book.seen('srv', seen('two'));
  const again = rig('quarantine', store);
  await again.book.load(['srv', 'other']);
  t.same(again.book.states(), book.states());
  t.same(again.book.states()['srv']?.quarantined, ['a']);
  t.equal(again.alerts.size, 1);
});

t.test('while the store is away a change is in force all the same', async (t) => {
  const store = createMemoryStore();
  const { book, told, logged } = rig('quarantine', store);
  await book.load(['srv', 'other']);
  await book.seen('srv', seen('one'));
  store.documents.put = () => Promise.reject(new Error('away'));
  await book.seen('srv', seen('two'));
  t.same(told.at(-1)?.quarantined, ['a']);
  t.equal(logged.length, 2, 'the change, and that it was not written down');
});

t.test('servers without pinning, and names that no store holds, are left alone', async (t) => {
  const { book, told } = rig('warn');
  await book.load(['srv', 'other']);
  await book.seen('other', seen('one'));
  await book.seen('srv', [...seen('x', ''), ...seen('x', 'n'.repeat(1025))]);
  t.same(told, []);
});
