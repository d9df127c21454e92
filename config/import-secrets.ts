/** Secrets that stand in plain text in an imported entry: taken over as they are, told, and never shown. */
import { variableName } from './import-references.js';
import type { Entry, Note } from './import-translate.js';
import { isRecord } from './value-at.js';

const NAME = /(?:token|secret|passw|api[-_]?key|auth|credential|private[-_]?key|_pat$|_key$)/i;
/** Keys of well-known services say what they are. */
const VALUE = /^(?:Bearer |Basic |sk-|ghp_|gho_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza|eyJ)/;

/** The secrets themselves. */
export function plainSecrets(entry: Entry, server: string, note: Note): string[] {
  const found: string[] = [];
  for (const place of ['env', 'headers']) {
    const values = entry[place];
    if (!isRecord(values)) continue;
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== 'string' || value === '' || value.includes('${')) continue;
      if (!NAME.test(name) && !VALUE.test(value)) continue;
      const [, scheme = '', secret = value] = /^((?:Bearer|Basic) )?(.*)$/s.exec(value) ?? [];
      const variable = place === 'env' ? variableName(name) : variableName(`${server}_${name}`);
      note([place, name], {
        at: 'key',
        message: 'holds a secret in plain text',
        hint: `set ${variable} where the gateway runs, and write "${scheme}\${${variable}}"`,
      });
      found.push(secret);
    }
  }
  const { args } = entry;
  if (!Array.isArray(args)) return found;
  for (const [i, value] of args.entries()) {
    if (typeof value !== 'string') continue;
    const secret = value.slice(value.indexOf('=') + 1);
    if (!VALUE.test(secret)) continue;
    note(['args', i], { message: 'holds a secret in plain text', hint: 'write it as "${NAME}"' });
    found.push(secret);
  }
  return found;
}
