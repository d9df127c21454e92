/** `multi-mcp import <file>`: the servers that a client or another gateway was set up with, added to the configuration. */
import { readFileSync, statSync } from 'node:fs';
import { removeKey, setValue } from '../../config/edit-jsonc.js';
import { folderOf, importServers, type ImportedServer } from '../../config/import-servers.js';
import { readForeign } from '../../config/foreign-document.js';
import { readJsonc } from '../../config/jsonc.js';
import { inspectConfig, processEnv } from '../../config/load.js';
import { formatProblems, oneLine, type Problem } from '../../config/problem.js';
import { valueAt } from '../../config/value-at.js';
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';
import {
  readConfigText,
  replaceConfig,
  requireNoNewProblem,
  type ConfigText,
} from './config-change.js';
import { printJson, type CliContext } from './context.js';
import { unifiedDiff } from './unified-diff.js';

export interface ImportOptions {
  readonly dryRun?: boolean;
  readonly replace?: boolean;
  readonly isColored: boolean;
}

type State = 'added' | 'replaced' | 'unchanged' | 'refused';

interface Outcome {
  readonly server: ImportedServer;
  readonly state: State;
  /** Why it was refused, besides the server's own notes. */
  readonly problems: readonly Problem[];
}

const STANDARD_INPUT = 0;
const MAX_FILE_BYTES = 4_194_304;

/** 78 when a server was refused; the others are added all the same. */
export async function importFile(
  context: CliContext,
  file: string,
  options: ImportOptions,
): Promise<number> {
  const { dryRun = false, replace = false, isColored } = options;
  const servers = await foreignServers(file);
  const before = readConfigText(context.configPath);
  let { text } = before;
  const outcomes = servers.map((server): Outcome => {
    const outcome = judge(server, { text, path: before.path, replace });
    if (outcome.state === 'added' || outcome.state === 'replaced') text = withServer(text, server);
    return outcome;
  });
  const isChanged = text !== before.text;
  if (isChanged) requireNoNewProblem(before, text);
  const backup = isChanged && !dryRun ? replaceConfig(before, text) : null;
  const facts = { before, text, outcomes, backup };
  if (context.json) printJson(context, asJson(facts, isChanged && !dryRun));
  else tell(context, facts, { dryRun, isColored });
  return outcomes.some(({ state }) => state === 'refused') ? EXIT.config : EXIT.ok;
}

async function foreignServers(file: string): Promise<ImportedServer[]> {
  const shown = file === '-' ? 'standard input' : file;
  const document = await readForeign(readText(file, shown), shown);
  if (document.problems.length > 0) {
    throw new CliError(EXIT.config, `\n${formatProblems(document.problems, { color: false })}`);
  }
  const folder = file === '-' ? null : folderOf(file);
  const servers = importServers({ document, folder, env: processEnv() });
  if (servers.length > 0) return servers;
  throw new CliError(
    EXIT.config,
    `${shown} holds no servers: none of "mcpServers", "servers", "mcp_servers" (Codex) and "extensions" (goose) has one.`,
  );
}

function readText(file: string, shown: string): string {
  try {
    if (file !== '-' && statSync(file).size > MAX_FILE_BYTES) throw new Error('it is too large');
    return readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(EXIT.usage, `${shown} cannot be read: ${reason}`, { cause });
  }
}

interface Target {
  readonly text: string;
  readonly path: string;
  readonly replace: boolean;
}

function judge(server: ImportedServer, { text, path, replace }: Target): Outcome {
  const { name, entry } = server;
  const { value } = readJsonc(text, path);
  const existing = valueAt(value, ['servers', name]) ?? valueAt(value, ['mcpServers', name]);
  if (JSON.stringify(existing) === JSON.stringify(entry)) {
    return { server, state: 'unchanged', problems: [] };
  }
  const alone = JSON.stringify({ servers: { [name]: entry } }, null, 2);
  const { problems } = inspectConfig({ path, text: alone });
  const wrong = problems.filter((problem) => problem.path.startsWith('servers'));
  if (wrong.length > 0) return { server, state: 'refused', problems: wrong };
  if (existing === undefined) return { server, state: 'added', problems: [] };
  return { server, state: replace ? 'replaced' : 'refused', problems: [] };
}

function withServer(text: string, { name, entry }: ImportedServer): string {
  const { value } = readJsonc(text, '');
  const pasted =
    valueAt(value, ['mcpServers', name]) === undefined
      ? text
      : removeKey(text, ['mcpServers', name]);
  return setValue(pasted, ['servers', name], entry);
}

interface Facts {
  readonly before: ConfigText;
  readonly text: string;
  readonly outcomes: readonly Outcome[];
  readonly backup: string | null;
}

function asJson({ before, outcomes, backup }: Facts, isWritten: boolean): unknown {
  return {
    file: before.path,
    written: isWritten,
    backup,
    servers: outcomes.map(({ server, state, problems }) => ({
      name: server.name,
      from: server.foreignName,
      state,
      enabled: server.entry['enabled'] !== false,
      source: sourceOf(server),
      problems: problems.map(({ path, message, hint }) => ({ path, message, hint })),
      notes: server.notes.map(({ line, column, path, message, hint }) => ({
        ...{ line, column, path, message, hint },
      })),
    })),
  };
}

function tell(
  context: CliContext,
  { before, text, outcomes, backup }: Facts,
  { dryRun, isColored }: { readonly dryRun: boolean; readonly isColored: boolean },
): void {
  const secrets = outcomes.flatMap(({ server }) => server.secrets);
  const shown = (plain: string): string =>
    secrets.reduce(
      (masked, secret) => masked.replaceAll(JSON.stringify(secret).slice(1, -1), '********'),
      plain,
    );
  const { path } = before;
  context.out(shown(unifiedDiff(before.text, text, { name: path, isColored })));
  for (const outcome of outcomes) {
    context.err(`${describe(outcome)}\n`);
    const notes = outcome.state === 'unchanged' ? [] : outcome.server.notes;
    for (const note of notes) context.err(`    ${oneLine(note)}\n`);
    for (const { path: at, message, hint } of outcome.problems) {
      context.err(`    ${at} ${message}${hint === null ? '' : ` (${hint})`}\n`);
    }
  }
  if (text === before.text) context.err(`${path} is as it was\n`);
  else if (dryRun) context.err('Nothing was written (--dry-run).\n');
  else {
    context.err(`Written; the old file is ${backup ?? ''}. To put it to use: multi-mcp reload\n`);
  }
}

function describe({ server, state, problems }: Outcome): string {
  const { name, entry } = server;
  const off = entry['enabled'] === false ? ', switched off' : '';
  if (state === 'unchanged') return `${name}: is there already, just so`;
  if (state !== 'refused') return `${name}: ${state} (${sourceOf(server)}${off})`;
  const why =
    problems.length > 0 ? 'would not be valid' : 'the name is taken; --replace overwrites';
  return `${name}: refused, ${why}`;
}

function sourceOf({ entry }: ImportedServer): string {
  const { command, url } = entry;
  if (typeof command === 'string') return `stdio: ${command}`;
  if (typeof url !== 'string') return 'no source';
  // What is behind the host may be a key.
  return `${entry['transport'] === 'sse' ? 'sse' : 'http'}: ${/^https?:\/\/(?:[^/?#@]*@)?[^/?#]*/.exec(url)?.[0].replace(/\/\/[^@]*@/, '//') ?? url}`;
}
