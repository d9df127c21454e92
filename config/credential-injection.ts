/**
 * Where a user's own stored credential goes in calls to a server: a header (http), an environment variable of the
 * process (stdio), or the module's context. Each kind of source takes it in one way only.
 */
import type { CredentialInjection, ServerSource } from './config.js';
import type { ServerEntry } from './server-schema.js';

const SOURCE_KIND = { header: 'http', env: 'stdio', context: 'module' } as const;
const PLACES = ['header', 'env', 'context'] as const;

/** Null when none is configured, or when it does not fit the source; `report` has said why. */
export function credentialInjection(
  credential: ServerEntry['credential'],
  source: ServerSource,
  report: (message: string) => void,
): CredentialInjection | null {
  if (credential === undefined) return null;
  const [place, ...others] = PLACES.filter((each) => credential[each] !== undefined);
  const name = place === undefined ? undefined : credential[place];
  if (place === undefined || name === undefined || others.length > 0) {
    report('needs exactly one of "header", "env" and "context"');
    return null;
  }
  const sourceKind = source.kind === 'bundled' ? 'module' : source.kind;
  if (SOURCE_KIND[place] !== sourceKind) {
    report(`"${place}" is for ${SOURCE_KIND[place]} servers; this is a ${sourceKind} one`);
    return null;
  }
  if (place === 'header') return { into: 'header', name, prefix: credential.prefix ?? '' };
  if (credential.prefix === undefined) return { into: place, name };
  report('"prefix" goes with "header" only');
  return null;
}
