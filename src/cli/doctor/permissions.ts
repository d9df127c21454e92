/** Who may read the secrets: the master key, the token secret, the database, the configuration with tokens in it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT } from '../../kernel/exit-codes.js';
import type { Patient } from './check.js';
import { failure, fine, note, warning, type Finding } from './finding.js';

/** A start refuses these when others may read them. */
const SECRETS = ['master-key', 'jwt-secret'];
const PRIVATE = ['multi-mcp.db', 'multi-mcp.db-wal', 'admin.sock'];

export async function examinePermissions({ inspection }: Patient): Promise<readonly Finding[]> {
  if (inspection === null) return [];
  const { dataDir, configPath, servers } = inspection.config;
  const findings: Finding[] = [];
  for (const name of SECRETS) {
    const path = join(dataDir, name);
    const mode = await openTo(path, 0o077);
    if (mode === null) continue;
    const message = `${path} can be read or changed by others (mode ${mode})`;
    findings.push(failure('permissions', message, `chmod 600 '${path}'`, EXIT.config));
  }
  for (const name of PRIVATE) {
    const path = join(dataDir, name);
    const mode = await openTo(path, 0o077);
    // Inside a private directory nobody reaches the file.
    if (mode === null || (await openTo(dataDir, 0o011)) === null) continue;
    const message = `${path} can be reached by others (mode ${mode})`;
    findings.push(warning('permissions', message, `chmod 700 '${dataDir}'`));
  }
  const first = join(dataDir, 'first-api-key.txt');
  if ((await stat(first).catch(() => null)) !== null) {
    findings.push(
      warning(
        'permissions',
        `${first} still holds an admin key`,
        `keep the key, then: rm '${first}'`,
      ),
    );
  }
  const hasCredentials = Object.values(servers).some(
    ({ source }) =>
      (source.kind === 'http' && Object.keys(source.headers).length > 0) ||
      (source.kind === 'stdio' && Object.keys(source.env).length > 0),
  );
  const configMode = configPath === null ? null : await openTo(configPath, 0o007);
  if (hasCredentials && configPath !== null && configMode !== null) {
    const message = `${configPath} names credentials of servers and can be read by everyone (mode ${configMode})`;
    const fix = `chmod 640 '${configPath}', or keep them in the environment: "\${NAME}"`;
    findings.push(warning('permissions', message, fix));
  }
  if (process.getuid?.() === 0) {
    const message = 'run as root: a server that is taken over has the whole machine';
    findings.push(note('permissions', message, 'run it as a user of its own, as the unit does'));
  }
  const isClean = findings.every(({ severity }) => severity === 'note');
  return isClean ? [fine('permissions', 'secrets are private'), ...findings] : findings;
}

/** The mode in octal when one of the bits is set; null when none is, or there is no such file. */
async function openTo(path: string, bits: number): Promise<string | null> {
  const stats = await stat(path).catch(() => null);
  if (stats === null || (stats.mode & bits) === 0) return null;
  return (stats.mode & 0o777).toString(8);
}
