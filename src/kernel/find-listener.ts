/**
 * Who listens on a TCP port, read from /proc: what `ss -ltnp` says, without needing it installed. Sees only
 * processes that this user may inspect.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface PortHolder {
  readonly pid: number | null;
  /** One clause for people: who holds the port. */
  readonly description: string;
}

const LISTEN_STATE = '0A';

/** Never rejects; without an answer it names the command that has one. */
export async function findListener(port: number): Promise<PortHolder> {
  const unknown = { pid: null, description: 'another program (see: ss -ltnp)' };
  const inodes = await listeningInodes(port);
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (!target.startsWith('socket:[') || !inodes.has(target.slice(8, -1))) continue;
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const words = command.replaceAll('\0', ' ').trim().slice(0, 120);
      return { pid: Number(pid), description: `pid ${pid} (${words})` };
    }
  }
  return unknown;
}

async function listeningInodes(port: number): Promise<ReadonlySet<string>> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      const isOurs = columns[1]?.endsWith(`:${hexPort}`) === true && columns[3] === LISTEN_STATE;
      if (isOurs && columns[9] !== undefined) inodes.add(columns[9]);
    }
  }
  return inodes;
}
