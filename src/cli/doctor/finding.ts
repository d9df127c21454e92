/** What a check of the doctor has found, and what a list of findings comes to. Pure. */
import { EXIT } from '../../kernel/exit-codes.js';

export type Severity = 'ok' | 'note' | 'warning' | 'error';

export interface Finding {
  /** Which check speaks; a word or two. */
  readonly check: string;
  readonly severity: Severity;
  /** One sentence with the value that was seen. */
  readonly message: string;
  /** A command or a setting; null when there is nothing to do. */
  readonly fix: string | null;
  /** What a start would end with for it (sysexits); only for errors. */
  readonly exitCode?: number;
}

export function fine(check: string, message: string): Finding {
  return { check, severity: 'ok', message, fix: null };
}

/** Worth knowing; nothing is wrong. */
export function note(check: string, message: string, fix: string | null = null): Finding {
  return { check, severity: 'note', message, fix };
}

/** It works, but worse or less safely than it could. */
export function warning(check: string, message: string, fix: string): Finding {
  return { check, severity: 'warning', message, fix };
}

/** Something does not work. */
export function failure(check: string, message: string, fix: string, exitCode: number): Finding {
  return { check, severity: 'error', message, fix, exitCode };
}

/** What a restart cannot cure comes first: a service manager should not try again for it. */
const GRAVEST_FIRST: readonly number[] = [
  EXIT.config,
  EXIT.permission,
  EXIT.tryAgain,
  EXIT.unavailable,
];

/** 0 without errors: warnings stop nobody. */
export function exitCodeFor(findings: readonly Finding[]): number {
  const codes = new Set(
    findings.flatMap(({ severity, exitCode }) =>
      severity === 'error' ? [exitCode ?? EXIT.software] : [],
    ),
  );
  if (codes.size === 0) return EXIT.ok;
  return GRAVEST_FIRST.find((code) => codes.has(code)) ?? EXIT.software;
}
