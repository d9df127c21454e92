import t from 'tap';
import { ChunkCache } from '../../../src/servers/meerkats-table/chunk-cache.js';
import { tablePrompts } from '../../../src/servers/meerkats-table/prompts.js';
import { callContext, openClient } from './support/module-client.js';

function promptNamed(name: string): ReturnType<typeof tablePrompts>[number] {
  const prompt = tablePrompts(new ChunkCache()).find((candidate) => candidate.name === name);
  if (prompt === undefined) throw new Error(`no prompt ${name}`);
  return prompt;
}

t.test('analyse_table embeds the description of the table and asks the question', async (t) => {
  const client = await openClient();
  await client.ok('import_csv', { table: 'cities', csv: 'name\nBern\n', create: true });
  const prompt = promptNamed('analyse_table');
  const { messages } = await prompt.get(
    { table: 'cities', question: 'Which is largest?' },
    client.context,
  );
  t.match(messages[0]?.content, {
    type: 'resource',
    resource: { uri: 'table://cities', text: /"row_count":1/ },
  });
  t.match(messages[1]?.content, { type: 'text', text: /Which is largest\?/ });
  const overview = await prompt.get({ table: 'cities' }, client.context);
  t.match(overview.messages[1]?.content, { text: /Give an overview/ });
});

t.test('design_table carries the purpose', async (t) => {
  const { messages } = await promptNamed('design_table').get(
    { purpose: 'my plants' },
    callContext(),
  );
  t.match(messages[0]?.content, { text: /keep track of this: my plants/ });
});

t.test('a missing argument or table is told', async (t) => {
  await t.rejects(promptNamed('analyse_table').get({}, callContext()), {
    message: /"table" is missing/,
  });
  await t.rejects(promptNamed('analyse_table').get({ table: 'x' }, callContext()), {
    message: /No table "x"/,
  });
  await t.rejects(promptNamed('design_table').get({ purpose: '' }, callContext()), {
    message: /"purpose" is missing/,
  });
});

t.test('arguments are declared', (t) => {
  const declared = tablePrompts(new ChunkCache()).map((prompt) => [
    prompt.name,
    prompt.arguments?.map(({ name }) => name),
  ]);
  t.strictSame(declared, [
    ['analyse_table', ['table', 'question']],
    ['design_table', ['purpose']],
  ]);
  t.end();
});
