/**
 * What the operating system refuses, in terms of who can repair it: an exit code, and what to do. Whatever needs a
 * person must not look like something that another attempt may cure.
 */
import { EXIT } from './exit-codes.js';

export interface SystemFailure {
  readonly exitCode: number;
  /** Null where the system's own words are enough. */
  readonly todo: string | null;
}

const NO_FOLDER =
  'A folder must be there, or room to make one: move it away, or set DATA_DIR or LOG_DIR';

/** So says a file system in which nothing can be made, such as /proc. */
const NOWHERE: SystemFailure = {
  exitCode: EXIT.config,
  todo: 'No file can be made there: set DATA_DIR or LOG_DIR',
};

const FOREIGN =
  'The user that runs the gateway must own the folders of data and logs, and all in them';

const BY_CODE: Readonly<Record<string, SystemFailure>> = {
  EADDRINUSE: { exitCode: EXIT.tryAgain, todo: null },
  EADDRNOTAVAIL: { exitCode: EXIT.config, todo: null },
  EACCES: { exitCode: EXIT.permission, todo: FOREIGN },
  EPERM: { exitCode: EXIT.permission, todo: null },
  EROFS: { exitCode: EXIT.permission, todo: 'The disk is read-only: set DATA_DIR or LOG_DIR' },
  ENOSPC: { exitCode: EXIT.unavailable, todo: 'Free space on that disk' },
  EDQUOT: { exitCode: EXIT.unavailable, todo: 'Free space in that quota' },
  EEXIST: { exitCode: EXIT.config, todo: NO_FOLDER },
  ENOTDIR: { exitCode: EXIT.config, todo: NO_FOLDER },
  EISDIR: { exitCode: EXIT.config, todo: 'A file must be there: move the folder away' },
  ELOOP: { exitCode: EXIT.config, todo: NO_FOLDER },
  ENAMETOOLONG: { exitCode: EXIT.config, todo: 'Set DATA_DIR or LOG_DIR to a shorter path' },
};

/** Otherwise something that should be there is missing, which the place that needs it knows more about. */
function isMaking(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'mkdir' || error.syscall === 'open');
}

/** Null where it is no such error. */
export function systemFailure(thrown: unknown): SystemFailure | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null;
  if (thrown.code === 'ENOENT') return isMaking(thrown) ? NOWHERE : null;
  return BY_CODE[String(thrown.code)] ?? null;
}
