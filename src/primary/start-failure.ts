/**
 * What a failed start says and which exit code it ends with. The code decides whether a service manager tries again
 * (docs/operations.md, Exit codes): what only a person can repair must not be tried for ever.
 */
import { EXIT } from '../kernel/exit-codes.js';
import { GatewayError } from '../kernel/errors.js';
import { PortHeldError } from './port-guard.js';

export interface StartFailure {
  /** One line: the cause and, where there is one, what to do. */
  readonly message: string;
  readonly exitCode: number;
}

export function startFailure(thrown: unknown): StartFailure {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof PortHeldError) return { message, exitCode: EXIT.tryAgain };
  if (thrown instanceof GatewayError && thrown.code === 'GW_STORE_UNAVAILABLE') {
    return { message, exitCode: EXIT.unavailable };
  }
  if (!(thrown instanceof Error)) return { message, exitCode: EXIT.software };
  if (
    'syscall' in thrown &&
    thrown.syscall === 'listen' &&
    'code' in thrown &&
    thrown.code === 'EACCES'
  ) {
    return { message: `${message}. ${LOW_PORT}`, exitCode: EXIT.permission };
  }
  const known = 'code' in thrown ? BY_CODE[String(thrown.code)] : undefined;
  if (known !== undefined) {
    const { exitCode, todo } = known;
    return { message: todo === null ? message : `${message}. ${todo}`, exitCode };
  }
  return { message, exitCode: BY_NAME[thrown.name] ?? EXIT.software };
}

const BY_NAME: Readonly<Record<string, number>> = {
  AdminSocketBusyError: EXIT.tryAgain,
  AdminSocketPathError: EXIT.config,
  SecretFileError: EXIT.config,
};

const NO_FOLDER =
  'A folder must be there, or room to make one: move it away, or set DATA_DIR or LOG_DIR';

const LOW_PORT =
  'Ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit; or choose a higher one, behind a proxy';
const FOREIGN =
  'The user that runs the gateway must own the folders of data and logs, and all in them';

interface Known {
  readonly exitCode: number;
  readonly todo: string | null;
}

const BY_CODE: Readonly<Record<string, Known>> = {
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
