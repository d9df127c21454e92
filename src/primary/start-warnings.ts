/** What an operator should know at start and can change: each sentence names the setting or command. */
import { readFile } from 'node:fs/promises';
import { openFileLimit } from '../kernel/open-file-limit.js';
import { readTcpMigrateReq } from './rolling-restart.js';

/** Never rejects: what cannot be read is not warned about. */
export async function startWarnings(): Promise<readonly string[]> {
  const warnings: string[] = [];
  if ((await readTcpMigrateReq()) === false) {
    warnings.push(
      'restarting workers may lose queued connections; run: sysctl -w net.ipv4.tcp_migrate_req=1',
    );
  }
  const backlog = await readNumber('/proc/sys/net/core/somaxconn');
  if (backlog !== null && backlog < 1024) {
    warnings.push(`net.core.somaxconn is ${backlog}; run: sysctl -w net.core.somaxconn=4096`);
  }
  const files = await openFileLimit();
  if (files !== null && files < 8192) {
    warnings.push(`the open file limit is ${files}; raise it with: ulimit -n 65536`);
  }
  return warnings;
}

async function readNumber(path: string): Promise<number | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text === '' ? null : Number(text);
}
