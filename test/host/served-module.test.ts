import t from 'tap';
import { serveModule } from '../../src/host/served-module.js';
import type { ModuleTool } from '../../src/servers/module-api.js';
import { moduleOf } from '../support/module-fixtures/module-channel.js';

const tool = (overrides: Partial<ModuleTool> = {}): ModuleTool => ({
  name: 'echo',
  description: 'Says it back.',
  inputSchema: { type: 'object' },
  handler: () => Promise.resolve('x'),
  ...overrides,
});

t.test('what a module lists is listed, and nothing that only the host needs', (t) => {
  const served = serveModule(
    moduleOf({
      title: 'Test',
      tools: [tool({ title: 'Echo', annotations: { readOnlyHint: true } })],
      prompts: [{ name: 'p', arguments: [{ name: 'a' }], get: () => Promise.reject(new Error()) }],
    }),
  );
  t.strictSame(served.toolList, [
    {
      name: 'echo',
      title: 'Echo',
      description: 'Says it back.',
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    },
  ]);
  t.strictSame(served.promptList, [{ name: 'p', arguments: [{ name: 'a' }] }]);
  t.strictSame(served.serverInfo, { name: 'test-module', version: '1.2.3', title: 'Test' });
  t.strictSame(Object.keys(served.capabilities).sort(), ['logging', 'prompts', 'tools']);
  t.end();
});

const mistakes: readonly (readonly [string, readonly ModuleTool[], RegExp])[] = [
  ['two tools of one name', [tool(), tool()], /"echo" exists twice/],
  ['a name that no client accepts', [tool({ name: 'my tool' })], /tool name "my tool" must match/],
  ['a schema that is none', [tool({ inputSchema: { type: 'nope' } })], /tool "echo".*not usable/],
  ['arguments that are no object', [tool({ inputSchema: { type: 'array' } })], /must be "object"/],
  ['an output schema that is none', [tool({ outputSchema: { type: 1 } })], /tool "echo"/],
];
for (const [what, tools, message] of mistakes) {
  t.test(`a module with ${what} does not load`, (t) => {
    t.throws(() => serveModule(moduleOf({ tools })), { message });
    t.end();
  });
}

t.test('two prompts of one name do not load', (t) => {
  const prompt = { name: 'p', get: () => Promise.reject(new Error()) };
  t.throws(() => serveModule(moduleOf({ prompts: [prompt, prompt] })), /prompt "p" exists twice/);
  t.end();
});
