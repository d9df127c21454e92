/** Where each setting's value came from, for `config print` and the dashboard: a line of the file, a variable, or the default. */
import type { JsoncDocument } from './jsonc.js';
import { dotted } from './problem.js';
import { settings } from './setting-list.js';
import { isRecord, valueAt } from './value-at.js';

type SettingSource =
  | { readonly from: 'file'; readonly line: number }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'default' };

/** By dotted key of the file; a server is one entry, `servers.github`. */
export type SettingSources = Readonly<Record<string, SettingSource>>;

/** `variables`: dotted setting → the environment variable that set it. */
export function settingSources(
  document: JsoncDocument,
  variables: ReadonlyMap<string, string>,
): SettingSources {
  const fixed = settings().filter(({ path }) => !path.includes('*') && path[0] !== '$schema');
  const named = ['servers', 'mcpServers'].flatMap((group) => {
    const entries = valueAt(document.value, [group]);
    return isRecord(entries) ? Object.keys(entries).map((name) => ({ path: [group, name] })) : [];
  });
  return Object.fromEntries(
    [...fixed, ...named].map(({ path }) => [
      dotted(path),
      sourceOf(variables.get(dotted(path)), document.lineOf(path)),
    ]),
  );
}

function sourceOf(variable: string | undefined, line: number | null): SettingSource {
  if (variable !== undefined) return { from: 'environment', variable };
  return line === null ? { from: 'default' } : { from: 'file', line };
}
