/** Who runs the command, for the audit trail: the account, and behind sudo the one that used it. */
import { userInfo } from 'node:os';
import { processEnv } from '../../config/load.js';

/** Such as `ana (uid 1000, pid 4242)` or `root (uid 0, pid 4242), for ana by sudo`. */
export function currentActor(): string {
  const { username, uid } = account();
  const behind = processEnv()['SUDO_USER'];
  const by = behind === undefined || behind === '' ? '' : `, for ${behind} by sudo`;
  return `${username} (uid ${uid}, pid ${process.pid})${by}`;
}

function account(): { readonly username: string; readonly uid: number } {
  try {
    return userInfo();
  } catch {
    // Containers often run under a uid that no account has.
    return { username: 'unknown', uid: process.getuid?.() ?? -1 };
  }
}
