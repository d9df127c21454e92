import t from 'tap';
import type { ModuleTool, ToolModule } from '../../src/servers/module-api.js';
import { openModule } from '../support/module-fixtures/module-channel.js';

const tool = (
  name: string,
  handler: ModuleTool['handler'],
  overrides: Partial<ModuleTool> = {},
): ModuleTool => ({
  name,
  description: name,
  inputSchema: { type: 'object', properties: { n: { type: 'number' } } },
  handler,
  ...overrides,
});
const text = (result: unknown): string =>
  (result as { content: { text: string }[] }).content[0]?.text ?? '';

t.test('a returned string is one text block, a result passes as it is', async (t) => {
  const content = [{ type: 'text', text: 'b' }] as const;
  const { ask } = openModule({
    tools: [
      tool('a', () => Promise.resolve('hello')),
      tool('b', () => Promise.resolve({ content, structuredContent: { x: 1 } })),
    ],
  });
  const first = await ask('tools/call', { name: 'a' });
  t.strictSame(first.result, { content: [{ type: 'text', text: 'hello' }] });
  const second = await ask('tools/call', { name: 'b', arguments: { n: 1 } });
  t.strictSame(second.result, { content, structuredContent: { x: 1 } });
});

t.test(
  'arguments are checked before the handler runs, and the model is told what is wrong',
  async (t) => {
    let calls = 0;
    const { ask } = openModule({
      tools: [
        tool('a', () => {
          calls += 1;
          return Promise.resolve('x');
        }),
      ],
    });
    const { result } = await ask('tools/call', { name: 'a', arguments: { n: 'one' } });
    t.equal(result?.['isError'], true);
    t.equal(text(result), 'Invalid arguments for tool a: n: must be number');
    t.equal(calls, 0);
  },
);

t.test('the handler gets what the schema made of the arguments', async (t) => {
  const { z } = await import('zod');
  const { ask } = openModule({
    tools: [
      tool('a', (args) => Promise.resolve(JSON.stringify(args)), {
        inputSchema: z.object({ limit: z.number().default(5) }),
      }),
    ],
  });
  t.equal(text((await ask('tools/call', { name: 'a' })).result), '{"limit":5}');
});

t.test(
  'a thrown error is a result with its message, and its own mistakes are logged',
  async (t) => {
    const { ask, entries } = openModule({
      tools: [
        tool('no', () => Promise.reject(new Error('table "x" does not exist'))),
        tool('bug', () => {
          throw new TypeError('cannot read');
        }),
      ],
    });
    const { result } = await ask('tools/call', { name: 'no' });
    t.strictSame(result, {
      content: [{ type: 'text', text: 'table "x" does not exist' }],
      isError: true,
    });
    t.equal((await ask('tools/call', { name: 'bug' })).result?.['isError'], true);
    const warnings = entries.filter((entry) => entry['level'] === 40);
    t.match(warnings, [{ tool: 'bug' }]);
  },
);

t.test(
  'a tool that returns no result is the module’s fault and does not break the client',
  async (t) => {
    const broken = (() => Promise.resolve(undefined)) as unknown as ModuleTool['handler'];
    const { ask, entries } = openModule({ tools: [tool('a', broken)] });
    const { result } = await ask('tools/call', { name: 'a' });
    t.match(result, { isError: true, content: [{ type: 'text', text: /no valid result/ }] });
    t.ok(entries.some((entry) => entry['level'] === 50));
  },
);

t.test('a result is held against the output schema of its tool', async (t) => {
  const outputSchema = {
    type: 'object',
    properties: { sum: { type: 'number' } },
    required: ['sum'],
  };
  let structuredContent: Record<string, unknown> = { sum: 3 };
  const { ask } = openModule({
    tools: [
      tool('a', () => Promise.resolve({ content: [], structuredContent }), { outputSchema }),
      tool('b', () => Promise.resolve({ content: [], isError: true }), { outputSchema }),
    ],
  });
  t.strictSame((await ask('tools/call', { name: 'a' })).result?.['structuredContent'], { sum: 3 });
  structuredContent = { sum: 'three' };
  t.match((await ask('tools/call', { name: 'a' })).result, { isError: true });
  t.strictSame((await ask('tools/call', { name: 'b' })).result, { content: [], isError: true });
});

const refusals: readonly (readonly [string, string, object, number, RegExp])[] = [
  ['an unknown tool', 'tools/call', { name: 'nope' }, -32602, /Unknown tool: nope/],
  ['a call without a name', 'tools/call', {}, -32602, /"name" must be a string/],
  ['arguments that are a list', 'tools/call', { name: 'a', arguments: [] }, -32602, /an object/],
  ['a cursor we never gave', 'tools/list', { cursor: 'x' }, -32602, /cursor/],
  ['an unknown prompt', 'prompts/get', { name: 'nope' }, -32602, /Unknown prompt/],
  ['a prompt without its argument', 'prompts/get', { name: 'p' }, -32602, /Missing.*topic/],
  [
    'a prompt argument that is no text',
    'prompts/get',
    { name: 'p', arguments: { topic: 1 } },
    -32602,
    /strings/,
  ],
  ['a method there is none of', 'tools/dance', {}, -32601, /Method not found/],
  ['completion, which modules lack', 'completion/complete', {}, -32601, /Method not found/],
];
const refusing: Partial<ToolModule> = {
  tools: [tool('a', () => Promise.resolve('x'))],
  prompts: [
    {
      name: 'p',
      arguments: [{ name: 'topic', required: true }],
      get: ({ topic }) =>
        Promise.resolve({
          messages: [{ role: 'user', content: { type: 'text', text: `About ${topic ?? ''}` } }],
        }),
    },
  ],
};
for (const [what, method, params, code, message] of refusals) {
  t.test(`${what} is refused with ${code}`, async (t) => {
    const { ask } = openModule(refusing);
    t.match((await ask(method, params)).error, { code, message });
  });
}

t.test('a prompt gets its arguments', async (t) => {
  const { ask } = openModule(refusing);
  const { result } = await ask('prompts/get', { name: 'p', arguments: { topic: 'tea' } });
  t.strictSame(result, {
    messages: [{ role: 'user', content: { type: 'text', text: 'About tea' } }],
  });
});

t.test('resources are each user’s own', async (t) => {
  const { ask } = openModule({
    resources: {
      list: ({ user }) => Promise.resolve([{ uri: `note://${user}`, name: user }]),
      templates: [{ uriTemplate: 'note://{user}', name: 'notes' }],
      read: (uri, { user }) =>
        Promise.resolve(uri === `note://${user}` ? [{ uri, text: 'mine' }] : null),
    },
  });
  t.strictSame((await ask('resources/list', {}, 'bob')).result, {
    resources: [{ uri: 'note://bob', name: 'bob' }],
  });
  t.strictSame((await ask('resources/read', { uri: 'note://bob' }, 'bob')).result, {
    contents: [{ uri: 'note://bob', text: 'mine' }],
  });
  t.match((await ask('resources/read', { uri: 'note://bob' }, 'eve')).error, { code: -32002 });
  t.strictSame((await ask('resources/templates/list')).result, {
    resourceTemplates: [{ uriTemplate: 'note://{user}', name: 'notes' }],
  });
});

t.test('what a module does not have is not a method of it', async (t) => {
  const { ask } = openModule({});
  for (const method of ['tools/list', 'tools/call', 'prompts/list', 'resources/read']) {
    t.match((await ask(method)).error, { code: -32601 });
  }
});

t.test(
  'a resource that cannot be read for a fault is an internal error without its details',
  async (t) => {
    const { ask, entries } = openModule({
      resources: {
        list: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.5:5432')),
        read: () => Promise.resolve(null),
      },
    });
    t.strictSame((await ask('resources/list')).error, { code: -32603, message: 'Internal error' });
    t.ok(entries.some((entry) => entry['level'] === 50));
  },
);
