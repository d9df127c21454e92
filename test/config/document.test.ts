import { readFileSync } from 'node:fs';
import * as prettier from 'prettier';
import t from 'tap';
import { jsonSchemaDocument, markdownDocument } from '../../config/document.js';
import { settings } from '../../config/setting-list.js';

const committed = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const REGENERATE = 'run: npm run build && node scripts/generate-config-docs.mjs';

async function formatted(text: string, parser: 'json' | 'markdown'): Promise<string> {
  const style = await prettier.resolveConfig(new URL('../../package.json', import.meta.url));
  return prettier.format(text, { ...style, parser });
}

void t.test('the committed JSON Schema is the one that follows from schema.ts', async (t) => {
  const text = await formatted(JSON.stringify(jsonSchemaDocument()), 'json');
  t.equal(committed('config/server-production.schema.json'), text, REGENERATE);
});

void t.test('the committed docs/configuration.md is the one that follows from it', async (t) => {
  const text = await formatted(markdownDocument(), 'markdown');
  t.equal(committed('docs/configuration.md'), text, REGENERATE);
});

void t.test('the document has a row for every setting', (t) => {
  const text = markdownDocument();
  for (const { path } of settings()) {
    const [group, ...rest] = path;
    if (group === '$schema' || group === 'mcpServers') continue;
    const name = (group === 'servers' ? rest.slice(1) : rest).join('.');
    t.ok(text.includes(`| \`${name}\` |`), path.join('.'));
  }
  t.match(text, '| `serverUrl` |', 'what only mcpServers has');
  t.notMatch(text.slice(text.indexOf('## `mcpServers`')), '`rateLimit.burstSize`');
  t.end();
});

void t.test('the schema is draft-7, without keywords of ours, and refuses unknown keys', (t) => {
  const schema = jsonSchemaDocument();
  t.match(schema, {
    $schema: 'http://json-schema.org/draft-07/schema#',
    additionalProperties: false,
    properties: {
      global: {
        additionalProperties: false,
        properties: {
          port: {
            type: 'integer',
            minimum: 1,
            maximum: 65535,
            default: 8080,
            description: /beats it\.$/,
          },
          queueTimeout: { description: /In ms\.$/ },
        },
      },
    },
  });
  t.notMatch(JSON.stringify(schema), /"(unit|env)":"/);
  t.end();
});

void t.test('a reference to the environment is good for any text', (t) => {
  const text = JSON.stringify(jsonSchemaDocument());
  const patterns = [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];
  t.ok(patterns.length > 5);
  t.notMatch(text, '"format"');
  const values = patterns.filter(
    ({ index }) => !/propertyNames":\{[^}]*$/.test(text.slice(0, index)),
  );
  for (const [, pattern = ''] of values) {
    t.match('${REFERENCE}', new RegExp(String(JSON.parse(pattern)), 'u'), pattern);
  }
  t.end();
});
