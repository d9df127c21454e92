/**
 * References in the strings of an entry: `${input:id}` of VS Code, for which it asks its user, becomes a variable, and
 * `${env:NAME}` the plain form. Others that only an editor, or LibreChat with its `{{NAME}}`, can fill are noted.
 */
import type { Entry, Note } from './import-translate.js';
import type { SettingPath } from './problem.js';
import { isRecord } from './value-at.js';

/** `inputs`: what VS Code asks for, with descriptions. */
export function importedReferences(entry: Entry, inputs: unknown, note: Note): Entry {
  const replaced = replaceIn(entry, [], (text, path) => {
    for (const [whole] of text.matchAll(/\{\{[^{}]*\}\}/g)) {
      note(path, {
        within: whole,
        message: 'is filled in by the program that it comes from, for each of its users',
        hint: 'each user’s own credential: docs/access.md',
      });
    }
    return text.replaceAll(/(?<!\$)\$\{([^{}]*)\}/g, (whole: string, inner: string) => {
      const input = /^input:(.+)$/.exec(inner)?.[1];
      if (input !== undefined) {
        const variable = variableName(input);
        const asked = descriptionOf(inputs, input);
        note(path, {
          within: whole,
          message: `is asked of the user by the client; here it is \${${variable}}`,
          hint: `set ${variable} where the gateway runs${asked === null ? '' : `: ${asked}`}`,
        });
        return `\${${variable}}`;
      }
      const plain = /^env:([A-Za-z_]\w*)$/.exec(inner)?.[1];
      if (plain !== undefined) return `\${${plain}}`;
      if (/^[A-Za-z_]\w*(?::-.*)?$/s.test(inner) && !EDITORS_OWN.has(inner)) return whole;
      note(path, {
        within: whole,
        message: 'means something in an editor only',
        hint: 'write what it stands for',
      });
      return whole;
    });
  });
  return isRecord(replaced) ? replaced : {};
}

const EDITORS_OWN = new Set(['workspaceFolder', 'workspaceFolderBasename', 'userHome', 'cwd']);

function replaceIn(
  value: unknown,
  path: SettingPath,
  replace: (text: string, path: SettingPath) => string,
): unknown {
  if (typeof value === 'string') return replace(value, path);
  if (Array.isArray(value)) return value.map((each, i) => replaceIn(each, [...path, i], replace));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, replaceIn(each, [...path, key], replace)]),
  );
}

/** `perplexity-key` → `PERPLEXITY_KEY`. */
export function variableName(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .replace(/^(?=\d)/, '_')
    .toUpperCase();
}

function descriptionOf(inputs: unknown, id: string): string | null {
  if (!Array.isArray(inputs)) return null;
  const input: unknown = inputs.find((each) => isRecord(each) && each['id'] === id);
  const description = isRecord(input) ? input['description'] : undefined;
  return typeof description === 'string' ? description.slice(0, 200) : null;
}
