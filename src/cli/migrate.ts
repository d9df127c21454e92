/** `multi-mcp migrate [file]`: old and foreign spellings in a configuration file become the present ones. */
import { renameInText } from '../../config/edit-jsonc.js';
import { readJsonc } from '../../config/jsonc.js';
import { dotted } from '../../config/problem.js';
import { findRenames } from '../../config/rename-keys.js';
import { readConfigText, replaceConfig, requireNoNewProblem } from './config-change.js';
import { printJson, type CliContext } from './context.js';
import { unifiedDiff } from './unified-diff.js';

export interface MigrateOptions {
  readonly dryRun?: boolean;
  readonly isColored: boolean;
}

export function migrate(
  context: CliContext,
  file: string | undefined,
  { dryRun = false, isColored }: MigrateOptions,
): void {
  const before = readConfigText(file ?? context.configPath);
  const document = readJsonc(before.text, before.path);
  const renames = findRenames(document.value);
  const text = renames.reduce(renameInText, before.text);
  const changes = renames
    .map(({ from, to, value }) => ({
      line: document.lineOf(from),
      from: dotted(from),
      to: value === undefined ? null : dotted(to),
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (changes.length > 0) requireNoNewProblem(before, text);
  const isWritten = changes.length > 0 && !dryRun;
  const backup = isWritten ? replaceConfig(before, text) : null;
  if (context.json) {
    printJson(context, { file: before.path, changes, written: isWritten, backup });
    return;
  }
  if (changes.length === 0) {
    context.out(`${before.path}: every setting has its present name\n`);
    return;
  }
  context.out(unifiedDiff(before.text, text, { name: before.path, isColored }));
  for (const { line, from, to } of changes) {
    const place = line === null ? before.path : `${before.path}:${line}`;
    context.err(`${place}: ${from} ${to === null ? 'goes: the rest says it' : `is now ${to}`}\n`);
  }
  context.err(
    backup === null
      ? 'Nothing was written (--dry-run).\n'
      : `Written; the old file is ${backup}. To put it to use: multi-mcp reload\n`,
  );
}
