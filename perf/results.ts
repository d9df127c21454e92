/**
 * The results file: one JSON object with the machine, and for each part its tables and the commit they
 * were taken at. A part measured again replaces its own entry, so parts can be run on different days.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { Table } from './part.js';

export interface Results {
  machine: { cpu: string; cores: number; memoryGiB: number; kernel: string; node: string };
  parts: Record<string, { commit: string; takenAt: string; tables: readonly Table[] }>;
}

export function readResults(file: string): Results {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Results;
  return { machine: machine(), parts: {} };
}

export function saveResults(file: string, part: string, tables: readonly Table[]): void {
  const results = readResults(file);
  results.machine = machine();
  results.parts[part] = { commit: commit(), takenAt: new Date().toISOString(), tables };
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

function machine(): Results['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** Marked where what is measured differs from it; the results themselves do not count. */
function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'config', 'workers', 'perf/*.ts');
    return git('describe', '--always') + (changed === '' ? '' : '-dirty');
  } catch {
    return 'unknown';
  }
}
