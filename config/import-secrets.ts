/** Secrets that stand in plain text in an imported entry: taken over as they are, told, and never shown. */
import { variableName } from './import-references.js';
import type { Entry, Note } from './import-translate.js';
import { isRecord } from './value-at.js';

const NAME = /(?:token|secret|passw|api[-_]?key|auth|credential|private[-_]?key|_pat$|_key$)/i;
/** Keys of well-known services say what they are. */
const VALUE = /^(?:Bearer |Basic |sk-|ghp_|gho_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza|eyJ)/;

/** The secrets themselves. */
export function plainSecrets(entry: Entry, server: string, note: Note): string[] {
  const named = ['env', 'headers'].flatMap((place) => {
    const values = entry[place];
    if (!isRecord(values)) return [];
    return Object.entries(values).flatMap(([name, value]) => {
      if (!isSecret(name, value)) return [];
      const [, scheme = '', secret = value] = /^((?:Bearer|Basic) )?(.*)$/s.exec(value) ?? [];
      const variable = variableName(place === 'env' ? name : `${server}_${name}`);
      note([place, name], {
        at: 'key',
        message: 'holds a secret in plain text',
        hint: `set ${variable} where the gateway runs, and write "${scheme}\${${variable}}"`,
      });
      return [secret];
    });
  });
  return [...named, ...secretArguments(entry['args'], note)];
}

function isSecret(name: string, value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || /\$\{|\{\{/.test(value)) return false;
  return NAME.test(name) || VALUE.test(value);
}

function secretArguments(args: unknown, note: Note): string[] {
  if (!Array.isArray(args)) return [];
  return args.flatMap((value: unknown, i) => {
    if (typeof value !== 'string') return [];
    const secret = value.slice(value.indexOf('=') + 1);
    if (!VALUE.test(secret)) return [];
    note(['args', i], { message: 'holds a secret in plain text', hint: 'write it as "${NAME}"' });
    return [secret];
  });
}
