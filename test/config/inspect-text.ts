/** Inspects a configuration given as text or as an object, in a folder of the test's own, with no environment but the given. */
import type { Test } from 'tap';
import { inspectConfig } from '../../config/load.js';
import type { Inspection } from '../../config/load.js';
import type { Problem } from '../../config/problem.js';

export interface InspectedText extends Inspection {
  /** The folder the file is in, and the working directory. */
  readonly folder: string;
}

export function inspectText(
  t: Test,
  content: string | object,
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): InspectedText {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  const folder = t.testdir({ ...files, 'server.json': text });
  return { ...inspectConfig({ path: 'server.json', env, cwd: folder }), folder };
}

/** `path message` of each, for short comparisons. */
export function said(problems: readonly Problem[]): string[] {
  return problems.map(({ path, message }) => `${path} ${message}`);
}
