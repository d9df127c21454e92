import t from 'tap';
import { compileCheck } from '../../../src/host/argument-check.js';
import { ChunkCache } from '../../../src/servers/meerkats-table/chunk-cache.js';
import { toModuleTool, type TableTool } from '../../../src/servers/meerkats-table/table-tool.js';
import { ToolProblem } from '../../../src/servers/meerkats-table/tool-problem.js';
import { callContext } from './support/module-client.js';

function toolThat(
  run: TableTool['run'],
  more: Partial<TableTool> = {},
): ReturnType<typeof toModuleTool> {
  const tool: TableTool = {
    name: 'x',
    title: 'X',
    description: 'Does x.',
    input: { table: { type: 'string' } },
    required: ['table'],
    annotations: {},
    run,
    ...more,
  };
  return toModuleTool(tool, new ChunkCache());
}

t.test(
  'an object goes out structured and as the same JSON in text, a string as text',
  async (t) => {
    const structured = await toolThat(() => Promise.resolve({ a: 1 })).handler({}, callContext());
    t.strictSame(structured, {
      content: [{ type: 'text', text: '{"a":1}' }],
      structuredContent: { a: 1 },
    });
    const text = await toolThat(() => Promise.resolve('csv')).handler({}, callContext());
    t.strictSame(text, { content: [{ type: 'text', text: 'csv' }] });
  },
);

t.test('a problem becomes an error result, a fault stays a fault', async (t) => {
  const problem = await toolThat(() => Promise.reject(new ToolProblem('No table "x".'))).handler(
    {},
    callContext(),
  );
  t.strictSame(problem, { content: [{ type: 'text', text: 'No table "x".' }], isError: true });
  const fault = new Error('storage away');
  await t.rejects(toolThat(() => Promise.reject(fault)).handler({}, callContext()), fault);
});

t.test('arguments the tool does not have are refused', async (t) => {
  const result = await toolThat(() => Promise.resolve('ran')).handler(
    { tabel: 'a' },
    callContext(),
  );
  t.match(result, { isError: true, content: [{ text: /Did you mean "table"\?/ }] });
});

t.test('clients see a closed schema, and the check is left to the tool', async (t) => {
  const { inputSchema } = toolThat(() => Promise.resolve('x'));
  const asTheGatewayReadsIt = compileCheck(inputSchema);
  t.strictSame(asTheGatewayReadsIt.jsonSchema, {
    type: 'object',
    properties: { table: { type: 'string' } },
    required: ['table'],
    additionalProperties: false,
  });
  t.strictSame(await asTheGatewayReadsIt.check({ tabel: 5 }), {
    isValid: true,
    value: { tabel: 5 },
  });
});

t.test('an output schema is there when the tool has one', (t) => {
  t.notOk('outputSchema' in toolThat(() => Promise.resolve('x')));
  const outputSchema = { type: 'object' };
  t.equal(toolThat(() => Promise.resolve({}), { outputSchema }).outputSchema, outputSchema);
  t.end();
});
