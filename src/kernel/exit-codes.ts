/** Exit codes after sysexits.h, so that service managers can tell what a restart may cure. */
export const EXIT = {
  ok: 0,
  /** The command line was wrong. */
  usage: 64,
  /** Something we need is not there (store, running gateway). */
  unavailable: 69,
  /** Our own fault. */
  software: 70,
  /** Try again: the port is held by another program. */
  tryAgain: 75,
  /** Not permitted: a file, a port below 1024. */
  permission: 77,
  /** The configuration is wrong; a restart will not cure it. */
  config: 78,
} as const;
