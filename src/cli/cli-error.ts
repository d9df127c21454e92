/** Every failure of a command as one line for people and one exit code for scripts (sysexits). */
import { EXIT } from '../kernel/exit-codes.js';
import { systemFailure } from '../kernel/system-failure.js';
import { GatewayError, type ErrorCode } from '../kernel/errors.js';

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  GW_BAD_REQUEST: EXIT.usage,
  GW_BAD_PARAMS: EXIT.usage,
  GW_SERVER_UNKNOWN: EXIT.usage,
  GW_STORE_UNAVAILABLE: EXIT.unavailable,
  GW_DRAINING: EXIT.unavailable,
};

const BY_NAME: Readonly<Record<string, number>> = {
  ConfigError: EXIT.config,
  SecretFileError: EXIT.config,
  StoreAddressError: EXIT.config,
  AdminSocketPathError: EXIT.config,
};

export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CliError) return thrown.exitCode;
  if (thrown instanceof GatewayError) return exitCodeOfReason(thrown.code);
  if (!(thrown instanceof Error)) return EXIT.software;
  return systemFailure(thrown)?.exitCode ?? BY_NAME[thrown.name] ?? EXIT.software;
}

/** `reason` is an error code, here or as the gateway sent it. */
export function exitCodeOfReason(reason: string): number {
  return Object.entries(BY_CODE).find(([code]) => code === reason)?.[1] ?? EXIT.software;
}
