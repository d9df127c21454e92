/** Server names given as `--servers a,b`. */
import { askGateway } from './admin-client.js';
import { expect, isServerView, listOf } from './admin-replies.js';
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
export async function warnOfUnknownServers(
  context: CliContext,
  servers: readonly string[] | null,
  settings: CliSettings,
): Promise<void> {
  const inFile = settings.servers;
  if ((servers ?? []).every((name) => inFile.includes(name))) return;
  const known = (await servedNow(settings)) ?? inFile;
  const unknown = (servers ?? []).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = known.join(', ') || 'none';
  context.err(
    `warning: not configured or switched off: ${unknown.join(', ')} (servers: ${names})\n`,
  );
}

/** With those added at run time; null when no gateway runs. */
async function servedNow({ socketPath }: CliSettings): Promise<readonly string[] | null> {
  const answer = await askGateway({ socketPath, method: 'GET', path: '/servers' });
  if (answer === null) return null;
  const views = expect(listOf(isServerView), answer.json);
  return views.filter(({ enabled }) => enabled).map(({ name }) => name);
}
