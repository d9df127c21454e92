/**
 * Runs the official conformance suite (@modelcontextprotocol/conformance) against one URL and reads
 * what each scenario's checks said from its result files.
 */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startProgram } from '../child-program.js';
import { node24 } from '../node24.js';
import { within } from '../until.js';

export const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const;
export type Revision = (typeof REVISIONS)[number];

/** Revisions with a frozen set of required scenarios; the others run all that apply to them. */
const FROZEN: readonly Revision[] = ['2026-07-28', '2025-11-25'];

export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** Checks by scenario name. */
export type SuiteResult = ReadonlyMap<string, readonly Check[]>;

const require = createRequire(import.meta.url);

function suiteProgram(): string {
  const manifest = require.resolve('@modelcontextprotocol/conformance/package.json');
  return join(dirname(manifest), 'dist', 'index.js');
}

/** `url` must name localhost or 127.0.0.1: one scenario sends that as Host, and another one. */
export async function runSuite(
  url: string,
  revision: Revision,
  timeoutMs: number,
): Promise<SuiteResult> {
  const node = node24();
  if (node === undefined) throw new Error('the suite needs Node.js 22 or later');
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  const which = FROZEN.includes(revision)
    ? ['--requirements', revision]
    : ['--suite', 'all', '--spec-version', revision];
  const program = startProgram({
    command: node,
    args: [suiteProgram(), 'server', '--url', url, ...which, '--output-dir', directory],
    cwd: directory,
  });
  try {
    await within(timeoutMs, `the suite at ${revision}`, program.exited);
    const result = await readResults(directory);
    if (result.size === 0) throw new Error(`the suite reported nothing:\n${program.output()}`);
    return result;
  } finally {
    await program.destroy();
    await rm(directory, { recursive: true, force: true });
  }
}

/** One directory a scenario, `server-<scenario>-<ISO instant with dashes>/checks.json`. */
async function readResults(directory: string): Promise<SuiteResult> {
  const results = new Map<string, readonly Check[]>();
  for (const name of await readdir(directory)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name)?.[1];
    if (scenario === undefined) continue;
    const text = await readFile(join(directory, name, 'checks.json'), 'utf8');
    results.set(scenario, JSON.parse(text) as Check[]);
  }
  return results;
}
