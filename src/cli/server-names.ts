/** Server names given as `--servers a,b`. */
import type { CliContext } from './context.js';
import type { CliSettings } from './settings.js';

/** Null, which means every server, only when the option was not given. */
export function splitNames(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A key may be made before its server is; but mostly an unknown name is a typing error. */
export function warnOfUnknownServers(
  context: CliContext,
  servers: readonly string[] | null,
  settings: CliSettings,
): void {
  const unknown = (servers ?? []).filter((name) => !settings.servers.includes(name));
  if (unknown.length === 0) return;
  const known = settings.servers.join(', ') || 'none';
  context.err(
    `warning: not configured or switched off: ${unknown.join(', ')} (servers: ${known})\n`,
  );
}
