/**
 * The documents that follow from schema.ts: the JSON Schema that gives editors completion and hover texts, and
 * docs/configuration.md. scripts/generate-config-docs.mjs writes them; a test keeps the committed copies equal.
 */
import { BUNDLED_SERVERS } from './server-source.js';
import { SETTING_EFFECTS, type Effect } from './setting-effects.js';
import { RESERVED_NAMES } from './server-name.js';
import { rangeOf, schemaRoot, settings } from './setting-list.js';
import type { SchemaNode, Setting } from './setting-list.js';

/** Draft-7, which VS Code handles best; unit and variable join the description, as no editor knows those keywords. */
export function jsonSchemaDocument(): Record<string, unknown> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Multi-MCP Server configuration',
    // VS Code's own keywords; others ignore them.
    allowComments: true,
    allowTrailingCommas: true,
    ...forEditors(schemaRoot()),
  };
}

function forEditors({ unit, env, ...node }: SchemaNode): Record<string, unknown> {
  const { description, properties, additionalProperties, items } = node;
  const notes = [description, unitNote(unit), variableNote(env)].filter((note) => note !== null);
  return {
    ...node,
    ...withReferences(node),
    ...(description !== undefined && { description: notes.join(' ') }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, inner]) => [key, forEditors(inner)]),
      ),
    }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: forEditors(additionalProperties),
    }),
    ...(items !== undefined && { items: forEditors(items) }),
  };
}

/** An editor sees texts before `${NAME}` is expanded, and must not call such a reference a bad URL. */
function withReferences({ format, pattern }: SchemaNode): Record<string, unknown> {
  if (format === 'uri') return { format: undefined, pattern: '^https?://|\\$\\{' };
  return pattern === undefined ? {} : { pattern: `(?:${pattern})|\\$\\{` };
}

function unitNote(unit: string | undefined): string | null {
  return unit === undefined || unit === 'ratio' ? null : `In ${unit}.`;
}

function variableNote(env: string | undefined): string | null {
  return env === undefined ? null : `The environment variable ${env} beats it.`;
}

export function markdownDocument(): string {
  const groups = Object.entries(schemaRoot().properties ?? {}).filter(([key]) => key !== '$schema');
  const chapters = groups.map(([key, node]) => chapter(key, node));
  return [INTRODUCTION, ...chapters, effectsChapter(), ''].join('\n\n');
}

/** From the table that a reload goes by (setting-effects.ts). */
function effectsChapter(): string {
  const named = (wanted: Effect) => {
    const effects = SETTING_EFFECTS.filter(([, effect]) => effect === wanted);
    return effects.map(([, , name]) => (/[ *]/.test(name) ? name : `\`${name}\``)).join(', ');
  };
  return `${RELOAD_TEXT}

- **At once**, in every process within two seconds: ${named('live')}; of a server, its limits and the names that clients see.
- **By new workers**, which replace the present ones one by one without a lost request: ${named('workers')}.
- **At the next start** of the gateway; until then the old value holds: ${named('restart')}.`;
}

function chapter(group: string, node: SchemaNode): string {
  const own = settings().filter(({ path }) => path[0] === group);
  // Whatever `servers` has explained already needs no second table.
  const rows = group === 'mcpServers' ? own.filter(isNotInServers) : own;
  return [
    `## \`${group}\``,
    node.description ?? '',
    CHAPTER_TEXTS[group] ?? '',
    '| Setting | Value | Default | Meaning |\n| --- | --- | --- | --- |\n' +
      rows.map((setting) => row(setting)).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function isNotInServers({ path: [, , key = ''] }: Setting): boolean {
  return !settings().some(({ path }) => path[0] === 'servers' && path[2] === key);
}

function row({ path, node }: Setting): string {
  const [group, ...rest] = path;
  const isServer = group === 'servers' || group === 'mcpServers';
  const name = (isServer ? rest.slice(1) : rest).join('.');
  const given = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
  const meaning = [node.description, variableNote(node.env)].filter((part) => part != null);
  return cells([`\`${name}\``, valueOf(node), given, meaning.join(' ')]);
}

function cells(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

function valueOf(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((choice) => `\`${String(choice)}\``).join(', ');
  const range = rangeOf(node);
  if (range !== null) return range;
  if (node.type === 'boolean') return '`true`, `false`';
  if (node.type === 'array') return 'list';
  return node.type === 'object' ? 'object of texts' : 'text';
}

const INTRODUCTION = `# Configuration

<!-- Generated from config/schema.ts by scripts/generate-config-docs.mjs: change it there. -->

The file is \`config/server-production.json\`, unless \`MULTI_MCP_CONFIG\` or the command line names another. It is JSON with
comments; trailing commas are fine. Nothing in it is required: what is absent has the default below.
\`multi-mcp validate [file]\` lists everything wrong with it at once, with line, column and the nearest name, and exits
with 78. \`multi-mcp migrate\` rewrites names of settings that are old or foreign; until then they count, with a warning.

Ready-made profiles: \`config/max-throughput.json\`, \`config/memory-constrained.json\`, \`config/development.json\`.
The first line \`"$schema": "./server-production.schema.json"\` gives completion and hover texts in editors.

## Environment

The environment beats the file; a variable that is empty counts as not set. Besides those named in the tables:

| Variable | Meaning |
| --- | --- |
| \`MULTI_MCP_CONFIG\` | The configuration file. |
| \`JWT_SECRET\` | Signs and verifies tokens (HS256). Generated in the data folder when not set. |
| \`JWT_SECRET_PREVIOUS\` | Still verifies tokens that were signed before a rotation. |
| \`MULTI_MCP_MASTER_KEY\` | Hashes API keys; seals session ids, upstream credentials and added servers in the store. Generated in the data folder when not set. |
| \`MULTI_MCP_MASTER_KEY_PREVIOUS\` | Still accepts API keys made, and opens upstream credentials sealed, before a rotation (docs/access.md). |

Secrets need at least 32 bytes (\`openssl rand -base64 48\` makes one); a shorter one, or a published placeholder, stops the
start. They never stand in the file. These four and \`MONGODB_URI\` may instead be given as a file: \`JWT_SECRET_FILE\` and so
on, for Docker and systemd secrets.

Inside the file's texts, \`\${NAME}\` and \`\${env:NAME}\` stand for the value of a variable, and \`\${NAME:-default}\` gives one for
when it is unset or empty. A variable that is not set is an error, except in a disabled server. \`$\${NAME}\` is the text
\`\${NAME}\` itself. Such a reference always yields text, so numbers cannot be given that way.`;

const RELOAD_TEXT = `## What a reload changes

A reload (the file changed, SIGHUP, \`multi-mcp reload\`) applies what it can. Alerts that hold go on through it, with their
cooldowns; with other thresholds they end, or begin, by what is measured from then on.`;

const CHAPTER_TEXTS: Readonly<Record<string, string>> = {
  global:
    '`dataDir` and `logging.directory` start at the working directory, all other relative paths at the folder of the file.',
  servers: `A name has letters, digits, \`.\`, \`-\` and single \`_\`, at most 64 of them, and is none of ${RESERVED_NAMES.map((name) => `\`${name}\``).join(', ')}.
An entry has one source: \`module\`, \`command\` (stdio) or \`url\` (http). One without a source is a bundled server
(${BUNDLED_SERVERS.map((name) => `\`${name}\``).join(', ')}).`,
  mcpServers:
    'Paste the block as it is. `command`, `args`, `env`, `cwd`, `url`, `headers`, `enabled` and the policies (`rateLimit` to `credential`) mean what they mean in `servers`; the keys below are understood besides, and those that only matter inside a client are ignored with a warning. A name can stand in one of the two groups only.',
};
