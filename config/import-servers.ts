/**
 * The servers in a file of another program (Claude, Cursor, VS Code, Windsurf, Gemini, Cline, Codex, goose, LibreChat,
 * mcp-hub, mcp-proxy), as entries of `servers`. Every part that has no meaning here is told with its place, so that
 * nothing is lost unseen.
 */
import { dirname, resolve } from 'node:path';
import type { Environment } from './environment.js';
import { expand } from './expand.js';
import type { SettingsDocument } from './jsonc.js';
import { DIALECTS, type Dialect } from './import-dialects.js';
import { importedReferences } from './import-references.js';
import { plainSecrets } from './import-secrets.js';
import { translateEntry } from './import-translate.js';
import type { Problem, ProblemText, SettingPath } from './problem.js';
import { serverNameProblem } from './server-name.js';
import { isRecord, valueAt } from './value-at.js';

export interface ImportedServer {
  /** In the configuration. */
  readonly name: string;
  /** In the other program's file. */
  readonly foreignName: string;
  readonly entry: Readonly<Record<string, unknown>>;
  /** What was not taken over, or should be looked at. */
  readonly notes: readonly Problem[];
  /** Secrets in plain text, which must not be shown. */
  readonly secrets: readonly string[];
}

export interface ImportSource {
  readonly document: SettingsDocument;
  /** Where relative paths in it start; null: it has no place. */
  readonly folder: string | null;
  readonly env: Environment;
}

/** Where such files keep their servers. Claude Code has one block a project besides. */
const PLACES: readonly SettingPath[] = [['mcpServers'], ['servers'], ['mcp', 'servers']];

const asItIs: Dialect['toCommon'] = (entry) => entry;

/** Empty where the document holds none. */
export function importServers(source: ImportSource): ImportedServer[] {
  const { value } = source.document;
  const projects = valueAt(value, ['projects']);
  const inProjects = isRecord(projects)
    ? Object.keys(projects).map((project): SettingPath => ['projects', project, 'mcpServers'])
    : [];
  const common = [...PLACES, ...inProjects].map((place) => ({ place, toCommon: asItIs }));
  return [...common, ...DIALECTS].flatMap(({ place, toCommon }) => {
    const block = valueAt(value, place);
    if (!isRecord(block) || Array.isArray(block)) return [];
    return Object.keys(block).flatMap(
      (name) => importServer(source, [...place, name], toCommon) ?? [],
    );
  });
}

/** Null where the dialect's entry is no server. */
function importServer(
  { document, folder, env }: ImportSource,
  path: SettingPath,
  toCommon: Dialect['toCommon'],
): ImportedServer | null {
  const foreignName = String(path.at(-1));
  const notes: Problem[] = [];
  const note = (keys: SettingPath, what: ProblemText): void => {
    notes.push(document.problemAt([...path, ...keys], what));
  };
  const foreign = valueAt(document.value, path);
  const isEntry = isRecord(foreign) && !Array.isArray(foreign);
  const common = toCommon(isEntry ? foreign : null, note);
  if (common === 'no server') return null;
  const name = usableName(foreignName);
  if (name !== foreignName) {
    note([], { at: 'key', message: `is "${name}" here: names are parts of URLs` });
  }
  const translated = translateEntry(common, note);
  const entry = importedReferences(translated, valueAt(document.value, ['inputs']), note);
  const secrets = plainSecrets(entry, name, note);
  const cwd = entry['cwd'];
  if (folder !== null && typeof cwd === 'string' && cwd.startsWith('.')) {
    entry['cwd'] = resolve(folder, cwd);
  }
  const unset = unsetReferences(entry, env);
  if (unset.length > 0 && entry['enabled'] !== false) {
    entry['enabled'] = false;
    note([], {
      at: 'key',
      message: `refers to ${unset.join(' and ')}, without a value in this environment, so it is switched off`,
      hint: 'give it one where the gateway runs, then take "enabled": false out',
    });
  }
  return { name, foreignName, entry, notes, secrets };
}

/** As the rule for names suggests it, with single underscores kept. */
function usableName(foreign: string): string {
  if (serverNameProblem(foreign) === null) return foreign;
  const usable = foreign
    .replaceAll(/_{2,}/g, '_')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
    .slice(0, 64);
  return serverNameProblem(usable) === null ? usable : `server-${usable}`.replace(/-$/, '');
}

function unsetReferences(value: unknown, env: Environment): string[] {
  if (typeof value === 'string') return [...expand(value, env).unresolved];
  if (!isRecord(value)) return [];
  return [...new Set(Object.values(value).flatMap((each) => unsetReferences(each, env)))];
}

/** `folder` of a file's path. */
export function folderOf(path: string): string {
  return dirname(resolve(path));
}
