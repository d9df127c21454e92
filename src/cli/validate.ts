/**
 * `multi-mcp validate [file]`: everything wrong with a configuration in one list, before it is put to use. Beyond what a
 * start checks it looks for the commands, modules and folders of the servers. `--format github` annotates pull requests.
 */
import { inspectConfig, processEnv } from '../../config/load.js';
import type { LoadOptions } from '../../config/load.js';
import { byPosition, ConfigError, formatProblems } from '../../config/problem.js';
import type { Problem } from '../../config/problem.js';
import { missingSourceFiles } from '../../config/source-files.js';

export interface ValidateOptions extends Omit<LoadOptions, 'path'> {
  /** Else MULTI_MCP_CONFIG, else config/server-production.json. */
  readonly file?: string | undefined;
  /** The same as `format: 'json'`. */
  readonly json?: boolean | undefined;
  readonly format?: 'human' | 'json' | 'github' | undefined;
  readonly color?: boolean | undefined;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
}

/** sysexits: the configuration is wrong. */
const EXIT_CONFIG = 78;

interface Verdict {
  /** One sentence about a file without problems. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export function validateCommand(options: ValidateOptions): CommandResult {
  const verdict = judge(options);
  const format = options.json === true ? 'json' : (options.format ?? 'human');
  return {
    exitCode: verdict.problems.length === 0 ? 0 : EXIT_CONFIG,
    stdout: `${render(verdict, format, options.color ?? false)}\n`,
  };
}

function judge({ file, env = processEnv(), cwd }: ValidateOptions): Verdict {
  try {
    const inspection = inspectConfig({ path: file, env, cwd });
    const { config, warnings } = inspection;
    const missing = missingSourceFiles(inspection, env);
    const problems = [...inspection.problems, ...missing].sort(byPosition);
    const servers = Object.values(config.servers);
    const enabled = servers.filter((server) => server.enabled).length;
    return {
      summary: `${config.configPath ?? ''} is valid: http://${config.host}:${config.port}, ${enabled} of ${servers.length} servers enabled`,
      problems,
      warnings,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { summary: '', problems: error.problems, warnings: [] };
  }
}

function render(
  { summary, problems, warnings }: Verdict,
  format: 'human' | 'json' | 'github',
  color: boolean,
): string {
  if (format === 'json') {
    return JSON.stringify({ ok: problems.length === 0, problems, warnings }, null, 2);
  }
  if (format === 'github') {
    return [
      ...problems.map((problem) => annotation('error', problem)),
      ...warnings.map((problem) => annotation('warning', problem)),
      ...(problems.length === 0 ? [summary] : []),
    ].join('\n');
  }
  return [
    ...(problems.length > 0 ? [formatProblems(problems, { color }), ''] : []),
    ...(warnings.length > 0 ? ['Warnings:', formatProblems(warnings, { color }), ''] : []),
    problems.length === 0 ? summary : count(problems.length, 'problem'),
  ].join('\n');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A workflow command of GitHub Actions; the source line is left out, as it may hold a secret and logs are public. */
function annotation(level: 'error' | 'warning', problem: Problem): string {
  const { file, line, column, path, message, hint } = problem;
  const properties = Object.entries({ file, line, col: column, title: path === '' ? null : path })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  const text = hint === null ? message : `${message}; ${hint}`;
  return `::${level} ${properties.join(',')}::${escapeData(`${path} ${text}`.trim())}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
