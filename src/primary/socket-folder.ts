/** Where the sockets of the upstream hosts are. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** sun_path holds 108 bytes with its terminator (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

export interface SocketFolder {
  readonly path: string;
  /** Removes what was made for it alone. */
  remove(): Promise<void>;
}

/** The data directory, or a private temporary one where its path is too long. */
export async function makeSocketFolder(dataDir: string): Promise<SocketFolder> {
  const longest = join(dataDir, 'host-99.sock');
  if (Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES) {
    return { path: dataDir, remove: () => Promise.resolve() };
  }
  const path = await mkdtemp(join(tmpdir(), 'multi-mcp-'));
  await chmod(path, 0o700);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
