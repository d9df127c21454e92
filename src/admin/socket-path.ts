/**
 * Taking over the place of the admin socket. A socket file outlives its process, so one that is there may
 * be a leftover or a running gateway: only asking tells. A leftover is removed, a running gateway never.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { makeFolder } from '../kernel/make-folder.js';

/** Another gateway answers on this socket: two may not share a data directory. */
export class AdminSocketBusyError extends Error {
  override readonly name = 'AdminSocketBusyError';
}

/** The path cannot be a socket; the message says what to change. */
export class AdminSocketPathError extends Error {
  override readonly name = 'AdminSocketPathError';
}

/** The kernel's limit is 107 bytes and the error for more is a bare EINVAL; other systems allow 103. */
const MAX_PATH_BYTES = 100;
const ANSWER_TIMEOUT_MS = 1000;

/** Throws AdminSocketPathError when the path is longer than systems allow. */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH_BYTES) return;
  throw new AdminSocketPathError(
    `The admin socket's path is ${bytes} bytes long, and ${MAX_PATH_BYTES} is the most that works: ${path}. Set DATA_DIR to a shorter path.`,
  );
}

/** Resolves when a server may listen at the path. Rejects with AdminSocketBusyError or AdminSocketPathError. */
export async function claimSocketPath(path: string): Promise<void> {
  checkSocketPath(path);
  makeFolder(dirname(path), 0o700);
  const kind = await kindOf(path);
  if (kind === 'nothing') return;
  if (kind === 'other') {
    throw new AdminSocketPathError(`${path} is not a socket. Move it away, or set DATA_DIR.`);
  }
  if (await answers(path)) {
    throw new AdminSocketBusyError(
      `Another gateway answers on ${path}. Stop it, or set another DATA_DIR.`,
    );
  }
  await unlink(path);
}

async function kindOf(path: string): Promise<'nothing' | 'socket' | 'other'> {
  try {
    return (await lstat(path)).isSocket() ? 'socket' : 'other';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'nothing';
    throw error;
  }
}

/** A gateway too busy to accept still counts: only a refused connection proves that nobody is there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (isAnswered: boolean) => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      settle(true);
    });
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}
