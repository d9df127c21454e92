/**
 * The document against the schema. When something is wrong, the wrong settings are left out and the rest is checked
 * again, so that the checks which come later (sources, cross-field) can still run and everything is said in one go.
 */
import { findingsOf } from './schema-issues.js';
import type { Finding } from './schema-issues.js';
import { configFile } from './schema.js';
import type { ConfigFile } from './schema.js';
import type { SettingPath } from './problem.js';
import { isRecord, valueAt } from './value-at.js';

export interface SchemaCheck {
  /** With defaults; without the settings that have a finding. */
  readonly file: ConfigFile;
  readonly findings: readonly Finding[];
}

export function checkSchema(value: unknown): SchemaCheck {
  const first = configFile.safeParse(value);
  if (first.success) return { file: first.data, findings: [] };
  const findings = first.error.issues.flatMap((issue) => findingsOf(issue, value));
  return { file: withoutWrong(value, findings), findings };
}

/** Each round removes at least one level of what is wrong, and nothing sensible nests deeper. */
const MAX_ROUNDS = 8;

function withoutWrong(value: unknown, findings: readonly Finding[]): ConfigFile {
  const rest = structuredClone(value);
  let wrong: readonly SettingPath[] = findings.map(({ path }) => path);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (const path of wrong) remove(rest, path);
    const parsed = configFile.safeParse(rest);
    if (parsed.success) return parsed.data;
    // Whatever is still wrong lacks what was removed: the group around it goes too.
    wrong = parsed.error.issues.flatMap((issue) =>
      findingsOf(issue, rest).map(({ path }) => path.slice(0, -1)),
    );
  }
  return configFile.parse({});
}

/** Removes the innermost object key on the path: taking one element out of a list would renumber the others. */
function remove(value: unknown, path: SettingPath): void {
  const end = path.findLastIndex((_, i) => !Array.isArray(valueAt(value, path.slice(0, i))));
  const owner = valueAt(value, path.slice(0, end));
  const key = path[end];
  if (isRecord(owner) && key !== undefined) Reflect.deleteProperty(owner, key);
}
