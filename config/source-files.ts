/**
 * Whether what the enabled servers are started from is there: commands on PATH, module files, working directories. Only
 * `validate` asks. A start does not stop for it: one missing program must not keep the other servers down.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ServerConfig, ServerSource } from './config.js';
import type { Environment } from './environment.js';
import type { Inspection } from './load.js';
import { dotted } from './problem.js';
import type { Problem, ProblemText } from './problem.js';

export function missingSourceFiles(inspection: Inspection, env: Environment): Problem[] {
  const { config, problems, sources } = inspection;
  const wrongAlready = new Set(problems.map(({ path }) => path));
  return Object.values(config.servers)
    .filter((server) => server.enabled)
    .flatMap((server) => missingFiles(server, env))
    .map(({ server, key, what }) => {
      const group = Object.hasOwn(sources, dotted(['servers', server])) ? 'servers' : 'mcpServers';
      return inspection.problemAt([group, server, key], what);
    })
    .filter(({ path }) => !wrongAlready.has(path));
}

export interface MissingFile {
  readonly server: string;
  /** Of its entry. */
  readonly key: string;
  readonly what: ProblemText;
}

/** Of one server, enabled or not. */
export function missingFiles({ name, source }: ServerConfig, env: Environment): MissingFile[] {
  const missing = (key: string, message: string, hint: string | null = null): MissingFile[] => [
    { server: name, key, what: { message, hint } },
  ];
  if (source.kind === 'module') {
    return isFile(source.path) ? [] : missing('module', `there is no file ${source.path}`);
  }
  if (source.kind !== 'stdio') return [];
  const noFolder =
    source.cwd === null || isFolder(source.cwd)
      ? []
      : missing('cwd', `there is no folder ${source.cwd}`);
  return [...noFolder, ...missingCommand(source, env, missing)];
}

function missingCommand(
  { command, env: own }: Extract<ServerSource, { kind: 'stdio' }>,
  env: Environment,
  missing: (key: string, message: string, hint?: string) => MissingFile[],
): MissingFile[] {
  if (command.includes('/')) {
    return isExecutable(command) ? [] : missing('command', `${command} is no executable file`);
  }
  const folders = (own['PATH'] ?? env['PATH'] ?? '').split(delimiter).filter((each) => each !== '');
  if (folders.some((folder) => isExecutable(join(folder, command)))) return [];
  const hint = /\s/.test(command)
    ? 'a command is one program; what follows it belongs into "args": [ … ]'
    : "install it, or give its whole path; a service's PATH is often shorter than a shell's";
  return missing('command', `there is no program ${command} on PATH`, hint);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    // Absent, or not ours to run: both mean that a start would fail.
    return false;
  }
}
