/**
 * A document with the keys of the table in renamed-keys.ts under their present names. Positions stay those of the file,
 * so whatever is wrong with a value is said at the line where it stands, under whichever name.
 */
import type { JsoncDocument } from './jsonc.js';
import type { SettingPath } from './problem.js';
import { RENAMED_KEYS, type RenamedKey } from './renamed-keys.js';
import { isRecord, valueAt } from './value-at.js';

export interface Rename {
  readonly from: SettingPath;
  readonly to: SettingPath;
  /** In the present spelling; undefined: the key says nothing that the rest does not say, and goes. */
  readonly value: unknown;
}

/**
 * What of the table is in the document. A key whose value cannot be spelled anew, or whose present name is there as
 * well, is left alone: the check against the schema says what is wrong with it.
 */
export function findRenames(value: unknown, table: readonly RenamedKey[] = RENAMED_KEYS): Rename[] {
  const taken = new Set<string>();
  return table.flatMap((row) =>
    matches(value, row.from).flatMap((from) => {
      const to = filled(row, from);
      const place = JSON.stringify(to);
      const converted = convert(row, valueAt(value, from));
      if (converted === null || valueAt(value, to) !== undefined || taken.has(place)) return [];
      if (converted.value !== undefined) taken.add(place);
      return [{ from, to, value: converted.value }];
    }),
  );
}

export function renameKeys(document: JsoncDocument, renames: readonly Rename[]): JsoncDocument {
  if (renames.length === 0) return document;
  const value = structuredClone(document.value);
  for (const { from, to, value: renamed } of renames) {
    const owner = valueAt(value, from.slice(0, -1));
    if (isRecord(owner)) Reflect.deleteProperty(owner, from.at(-1) ?? '');
    if (renamed !== undefined) assign(value, to, renamed);
  }
  const inFile = (path: SettingPath): SettingPath => {
    const rename = renames.find(({ to }) => to.every((key, i) => path[i] === key));
    return rename === undefined ? path : [...rename.from, ...path.slice(rename.to.length)];
  };
  return {
    value,
    problems: document.problems,
    problemAt: (path, what) => ({
      ...document.problemAt(inFile(path), what),
      path: document.problemAt(path, what).path,
    }),
    lineOf: (path) => document.lineOf(inFile(path)),
  };
}

/** Every path of the document that the pattern means. */
function matches(value: unknown, pattern: readonly string[]): SettingPath[] {
  const [key, ...rest] = pattern;
  if (key === undefined) return [[]];
  if (!isRecord(value) || Array.isArray(value)) return [];
  const keys = key === '*' ? Object.keys(value) : Object.hasOwn(value, key) ? [key] : [];
  return keys.flatMap((each) => matches(value[each], rest).map((path) => [each, ...path]));
}

function filled({ from, to }: RenamedKey, found: SettingPath): SettingPath {
  const names = found.filter((_, i) => from[i] === '*');
  return to.map((key) => (key === '*' ? (names.shift() ?? key) : key));
}

const TRANSPORTS: Readonly<Record<string, string | undefined>> = {
  stdio: undefined,
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  sse: 'sse',
};

function convert({ convert: how }: RenamedKey, value: unknown): { readonly value: unknown } | null {
  if (how === undefined) return { value };
  if (how === 'negated') return typeof value === 'boolean' ? { value: !value } : null;
  if (typeof value !== 'string' || !Object.hasOwn(TRANSPORTS, value)) return null;
  return { value: TRANSPORTS[value] };
}

function assign(root: unknown, path: SettingPath, value: unknown): void {
  let owner = root;
  for (const key of path.slice(0, -1)) {
    if (!isRecord(owner)) return;
    owner[key] ??= {};
    owner = owner[key];
  }
  if (isRecord(owner)) owner[path.at(-1) ?? ''] = value;
}
