/** TOML 1.0, read so that every setting keeps its position, as jsonc.ts does for JSON. */
import { getStaticTOMLValue, ParseError, parseTOML, type AST } from 'toml-eslint-parser';
import type { SettingsDocument } from './jsonc.js';
import type { Problem, SettingPath } from './problem.js';
import { SettingPlaces } from './setting-places.js';
import { FORBIDDEN_KEYS, SourceText, START, type Piece } from './source-text.js';

export function readToml(text: string, file: string): SettingsDocument {
  const source = new SourceText(text, file);
  const places = new SettingPlaces();
  const problems: Problem[] = [];
  const problemAt: SettingsDocument['problemAt'] = (path, what) =>
    source.problem(places.find(path, what.at ?? 'value') ?? START, path, what);
  try {
    const program = parseTOML(text);
    for (const path of collectPlaces(program.body[0].body, places)) {
      problems.push(problemAt(path, { at: 'key', message: 'is not allowed as a key' }));
    }
    // The package's own values would set the prototype of every object for such a key.
    const value: unknown = problems.length > 0 ? undefined : getStaticTOMLValue(program);
    return { value, problems, problemAt };
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    const message = `is not valid TOML: ${lowerFirst(thrown.message)}`;
    problems.push(source.problem({ offset: thrown.index, length: 1 }, [], { message }));
    return { value: undefined, problems, problemAt };
  }
}

type Entries = readonly (AST.TOMLKeyValue | AST.TOMLTable)[];

/** Returns the paths of keys that are not allowed. */
function collectPlaces(entries: Entries, places: SettingPlaces): SettingPath[] {
  const forbidden: SettingPath[] = [];
  const collect = (node: AST.TOMLKeyValue | AST.TOMLTable, above: SettingPath): void => {
    const names = node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
    const path = node.type === 'TOMLTable' ? node.resolvedKey : [...above, ...names];
    const value = node.type === 'TOMLTable' ? node : node.value;
    places.add(path, { key: pieceOf(node.key), value: pieceOf(value) });
    if (names.some((name) => FORBIDDEN_KEYS.has(name))) forbidden.push(path);
    collectInside(value, path);
  };
  const collectInside = (node: AST.TOMLTable | AST.TOMLContentNode, path: SettingPath): void => {
    if (node.type === 'TOMLTable' || node.type === 'TOMLInlineTable') {
      for (const each of node.body) collect(each, path);
    } else if (node.type === 'TOMLArray') {
      for (const [index, element] of node.elements.entries()) {
        places.add([...path, index], { key: null, value: pieceOf(element) });
        collectInside(element, [...path, index]);
      }
    }
  };
  for (const entry of entries) collect(entry, []);
  return forbidden;
}

function pieceOf({ range: [start, end] }: { readonly range: readonly [number, number] }): Piece {
  return { offset: start, length: end - start };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
