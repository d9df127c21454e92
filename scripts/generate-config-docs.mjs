/**
 * Writes config/server-production.schema.json and docs/configuration.md from the compiled config/schema.ts.
 * Run after a build: node scripts/generate-config-docs.mjs
 */
import { writeFileSync } from 'node:fs';
import prettier from 'prettier';
import { jsonSchemaDocument, markdownDocument } from '../dist/config/document.js';

const root = new URL('..', import.meta.url);
const style = await prettier.resolveConfig(new URL('package.json', root));

async function write(path, text, parser) {
  writeFileSync(new URL(path, root), await prettier.format(text, { ...style, parser }));
}

const schema = JSON.stringify(jsonSchemaDocument());
await write('config/server-production.schema.json', schema, 'json');
await write('docs/configuration.md', markdownDocument(), 'markdown');
