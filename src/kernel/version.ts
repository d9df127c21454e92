/** The program's version, from the package it was built from. */
import { readFileSync } from 'node:fs';

/** Both from `src/kernel` and from `dist/src/kernel` the package lies upwards. */
function readVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
        return String(parsed.version);
      }
    } catch {
      // Not there: the other place.
    }
  }
  return 'unknown';
}

export const VERSION = readVersion();
