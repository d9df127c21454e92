/** YAML 1.2, read so that every setting keeps its position, as jsonc.ts does for JSON. */
import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, type Node } from 'yaml';
import type { SettingsDocument } from './jsonc.js';
import type { Problem, SettingPath } from './problem.js';
import { SettingPlaces } from './setting-places.js';
import { FORBIDDEN_KEYS, SourceText, START, type Piece } from './source-text.js';

/** Aliases of aliases grow without end: more than these are no settings file. */
const MAX_ALIASES = 100;

export function readYaml(text: string, file: string): SettingsDocument {
  const source = new SourceText(text, file);
  const places = new SettingPlaces();
  const problemAt: SettingsDocument['problemAt'] = (path, what) =>
    source.problem(places.find(path, what.at ?? 'value') ?? START, path, what);
  const document = parseDocument(text, { prettyErrors: false, merge: true });
  const problems = document.errors.map(({ pos: [start, end], code, message }): Problem => {
    const piece = { offset: start, length: end - start };
    const what =
      code === 'MULTIPLE_DOCS'
        ? { message: 'begins a second document', hint: 'keep the one with the servers' }
        : { message: `is not valid YAML: ${message}` };
    return source.problem(piece, [], what);
  });
  for (const path of collectPlaces(document.contents, places)) {
    problems.push(problemAt(path, { at: 'key', message: 'is not allowed as a key' }));
  }
  if (problems.length > 0) return { value: undefined, problems, problemAt };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, problems, problemAt };
  } catch (thrown) {
    if (!(thrown instanceof ReferenceError)) throw thrown;
    const what = { message: `has more than ${MAX_ALIASES} aliases` };
    return { value: undefined, problems: [source.problem(START, [], what)], problemAt };
  }
}

/** Returns the paths of keys that are not allowed. An alias stands for what it names; nothing is inside it. */
function collectPlaces(root: Node | null, places: SettingPlaces): SettingPath[] {
  const forbidden: SettingPath[] = [];
  const collect = (node: unknown, path: SettingPath): void => {
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        const here = [...path, index];
        places.add(here, { key: null, value: pieceOf(item) });
        collect(item, here);
      }
    }
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue;
      const name = String(pair.key.value);
      const here = [...path, name];
      const key = pieceOf(pair.key);
      places.add(here, { key, value: pair.value === null ? key : pieceOf(pair.value) });
      if (FORBIDDEN_KEYS.has(name)) forbidden.push(here);
      collect(pair.value, here);
    }
  };
  collect(root, []);
  return forbidden;
}

function pieceOf(node: unknown): Piece {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : null;
  return range == null ? START : { offset: range[0], length: range[1] - range[0] };
}
