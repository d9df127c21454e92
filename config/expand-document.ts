/** A document's values with their references to variables expanded, and what is said of those without a value. */
import type { Environment } from './environment.js';
import { expandAll } from './expand.js';
import type { Findings } from './findings.js';
import type { JsoncDocument } from './jsonc.js';
import type { SettingPath } from './problem.js';
import { valueAt } from './value-at.js';

export interface ExpandedDocument {
  readonly value: unknown;
  /** Strings that still hold references. */
  readonly unresolved: readonly UnresolvedText[];
}

export interface UnresolvedText {
  readonly path: SettingPath;
  /** As written: `${TOKEN}`. */
  readonly references: readonly string[];
}

export function expandDocument(document: JsoncDocument, env: Environment): ExpandedDocument {
  const unresolved: UnresolvedText[] = [];
  const value = expandAll(document.value ?? {}, env, (path, references) => {
    unresolved.push({ path, references });
  });
  return { value, unresolved };
}

/** A problem, or a warning where the server it stands in is disabled. */
export function reportUnresolved(
  { path, references }: UnresolvedText,
  document: JsoncDocument,
  findings: Findings,
): void {
  const [first = ''] = references;
  const what = {
    within: first,
    message: `refers to ${references.join(' and ')}, not set in the environment`,
    hint: first.startsWith('${input:')
      ? 'editors ask for inputs; here use ${NAME} and set the variable NAME'
      : `set it, or give a default: ${first.replace('}', ':-…}')}; $${first} means the text itself`,
  };
  const server = valueAt(document.value, path.slice(0, 2));
  const isDisabled =
    valueAt(server, ['enabled']) === false || valueAt(server, ['disabled']) === true;
  if (isDisabled) findings.warn(path, what);
  else findings.report(path, what);
  // The text still holds the reference, so no later check of it would make sense.
  findings.doubt(path);
}
