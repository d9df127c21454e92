/**
 * What a failed start says and which exit code it ends with. The code decides whether a service manager tries again
 * (docs/operations.md, Exit codes): what only a person can repair must not be tried for ever.
 */
import { EXIT } from '../kernel/exit-codes.js';
import { GatewayError } from '../kernel/errors.js';
import { systemFailure } from '../kernel/system-failure.js';
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
  if ('code' in thrown && (thrown.code === 'ENOTFOUND' || thrown.code === 'EADDRNOTAVAIL')) {
    return { message: `${message}. ${FOREIGN_HOST}`, exitCode: EXIT.config };
  }
  const known = systemFailure(thrown);
  if (known !== null) {
    const { exitCode, todo } = known;
    return { message: todo === null ? message : `${message}. ${todo}`, exitCode };
  }
  return { message, exitCode: BY_NAME[thrown.name] ?? EXIT.software };
}

const BY_NAME: Readonly<Record<string, number>> = {
  AdminSocketBusyError: EXIT.tryAgain,
  AdminSocketPathError: EXIT.config,
  SecretFileError: EXIT.config,
  StoreAddressError: EXIT.config,
};

const LOW_PORT =
  'Ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit; or choose a higher one, behind a proxy';

const FOREIGN_HOST = 'HOST, or global.host, must be an address of this machine, or 0.0.0.0';
