/** What every check of the doctor may know, and the deadline that all of them have. */
import type { Inspection } from '../../../config/load.js';
import { EXIT } from '../../kernel/exit-codes.js';
import { failure, type Finding } from './finding.js';

export interface RunningGateway {
  readonly pid: number;
  readonly url: string;
  /** Asks its admin socket. Rejects with CliError. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
}

export interface Patient {
  /** With problems in it where there are some; null when the file cannot be read at all. */
  readonly inspection: Inspection | null;
  /** Null when none answers. */
  readonly gateway: RunningGateway | null;
  /** The public address, from --url; no slash at its end. */
  readonly publicUrl: string | null;
}

export interface Check {
  readonly name: string;
  /** May reject: that is a finding too. */
  readonly examine: (patient: Patient) => Promise<readonly Finding[]> | readonly Finding[];
  /** Default 15 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

/** All at once; the findings in the order of the checks. Never rejects. */
export async function examineAll(
  checks: readonly Check[],
  patient: Patient,
): Promise<readonly Finding[]> {
  const found = await Promise.all(checks.map((check) => examineOne(check, patient)));
  return found.flat();
}

async function examineOne(check: Check, patient: Patient): Promise<readonly Finding[]> {
  const { name, examine, timeoutMs = TIMEOUT_MS } = check;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([Promise.resolve(examine(patient)), late]);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return [
      failure(name, `could not be checked: ${reason}`, 'see the cause above', EXIT.unavailable),
    ];
  } finally {
    clearTimeout(timer);
  }
}
