/**
 * The configuration file and the environment → one frozen Config, or one ConfigError with every problem. The only place
 * that knows process.env. The primary calls this at start and on reload; every other process gets the Config from it.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { checkSchema } from './check-schema.js';
import type { Config } from './config.js';
import { crossCheck } from './cross-checks.js';
import { deepFreeze } from './deep-freeze.js';
import { effectiveSettings } from './effective-settings.js';
import type { EffectiveSetting } from './effective-settings.js';
import { overrideFromEnvironment, secretsFromEnvironment } from './environment.js';
import type { Environment } from './environment.js';
import { expandDocument, reportUnresolved } from './expand-document.js';
import { Findings } from './findings.js';
import { readJsonc } from './jsonc.js';
import type { JsoncDocument } from './jsonc.js';
import { readJwtKeys } from './jwt-keys.js';
import { ConfigError, dotted } from './problem.js';
import type { Problem, ProblemText, SettingPath } from './problem.js';
import { findRenames, renameKeys } from './rename-keys.js';
import { settingSources } from './setting-sources.js';
import type { SettingSources } from './setting-sources.js';
import { toConfig } from './to-config.js';
import { toServers } from './to-servers.js';
import { tracingFromEnvironment } from './tracing.js';

const DEFAULT_PATH = 'config/server-production.json';

/** Nobody writes more by hand, and the whole file is held in memory several times over. */
const MAX_FILE_BYTES = 4_194_304;

export interface LoadOptions {
  /** Else MULTI_MCP_CONFIG, else config/server-production.json; relative to `cwd`. */
  readonly path?: string | undefined;
  /** In place of what is in the file. */
  readonly text?: string | undefined;
  /** The process's own unless given. */
  readonly env?: Environment | undefined;
  readonly cwd?: string | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** Where each setting's value came from, by dotted file key. */
  readonly sources: SettingSources;
  /** Every setting as it counts, secrets masked. */
  readonly settings: () => readonly EffectiveSetting[];
}

export interface Inspection extends LoadedConfig {
  readonly problems: readonly Problem[];
  /** Further findings of the caller's, with their position. */
  problemAt(path: SettingPath, what: ProblemText): Problem;
}

export function processEnv(): Environment {
  return process.env;
}

/** Throws ConfigError. */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const { config, problems, warnings, sources, settings } = inspectConfig(options);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, warnings, sources, settings };
}

/** As loadConfig, but with problems `config` has defaults in their place. Throws ConfigError without a readable file. */
export function inspectConfig(options: LoadOptions = {}): Inspection {
  const { env = processEnv(), cwd = process.cwd() } = options;
  const { text, configPath, shownPath } = readConfigFile(options, env, cwd);
  const written = readJsonc(text, shownPath);
  const renames = findRenames(written.value);
  const document = renameKeys(written, renames);
  const findings = new Findings(document);
  if (document.value === null) findings.add([], { message: 'must be an object { … }, is null' });
  const { value, variables } = settle(document, env, findings);

  const { file, findings: wrong } = checkSchema(value);
  for (const { path, what, meant } of wrong) {
    findings.report(path, what);
    if (meant !== null) findings.misspelt(meant);
  }
  const folder = dirname(configPath);
  const servers = toServers(file, folder, findings);
  const publicKeys = readJwtKeys(file.auth.jwt.keys, folder, findings.report.bind(findings));
  for (const { level, path, what } of crossCheck(file, (each) => findings.isSound(each))) {
    if (level === 'problem') findings.add(path, what);
    else findings.warn(path, what);
  }
  const secrets = secretsFromEnvironment(env, {
    report: findings.reportVariable.bind(findings),
    warn: findings.warnVariable.bind(findings),
  });
  for (const { from, to } of renames) {
    const names = { from: String(from.at(-1)), to: String(to.at(-1)) };
    findings.warn(from, {
      at: 'key',
      message: `"${names.from}" is now "${names.to}"`,
      hint: 'run multi-mcp migrate',
    });
  }
  const sources = settingSources(document, variables);
  return {
    config: deepFreeze(
      toConfig(file, {
        ...{ configPath, cwd, servers, publicKeys, secrets },
        tracing: tracingFromEnvironment(env),
      }),
    ),
    problems: findings.problems,
    warnings: findings.warnings,
    sources,
    settings: () => effectiveSettings(file, sources, shownPath),
    problemAt: document.problemAt.bind(document),
  };
}

interface ReadFile {
  readonly text: string;
  readonly configPath: string;
  /** As short as it stays clear, for messages. */
  readonly shownPath: string;
}

function readConfigFile({ path, text }: LoadOptions, env: Environment, cwd: string): ReadFile {
  const { chosen, hint } = choosePath(path, env);
  const configPath = resolve(cwd, chosen);
  const fromHere = relative(cwd, configPath) || '.';
  const shownPath = fromHere.startsWith('..') || isAbsolute(fromHere) ? configPath : fromHere;
  if (text !== undefined) return { text, configPath, shownPath };
  const refuse = (message: string) => {
    const nowhere = { line: null, column: null, length: 0, path: '', sourceLine: null };
    return new ConfigError([{ ...nowhere, file: shownPath, message, hint }]);
  };
  try {
    const stats = statSync(configPath);
    if (!stats.isFile()) throw refuse('is not a file');
    if (stats.size > MAX_FILE_BYTES) throw refuse(`is larger than ${MAX_FILE_BYTES} bytes`);
    return { text: readFileSync(configPath, 'utf8'), configPath, shownPath };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = error instanceof Error ? error.message : String(error);
    throw refuse(isMissing ? 'does not exist' : `cannot be read: ${reason}`);
  }
}

function choosePath(
  path: string | undefined,
  env: Environment,
): { chosen: string; hint: string | null } {
  if (path !== undefined) return { chosen: path, hint: null };
  const named = env['MULTI_MCP_CONFIG'] ?? '';
  if (named !== '') return { chosen: named, hint: 'MULTI_MCP_CONFIG names this file' };
  return { chosen: DEFAULT_PATH, hint: 'name another one, or set MULTI_MCP_CONFIG' };
}

/** The document's values as they count: references expanded, then overridden by the environment. */
function settle(
  document: JsoncDocument,
  env: Environment,
  findings: Findings,
): { value: unknown; variables: ReadonlyMap<string, string> } {
  const { value: expanded, unresolved } = expandDocument(document, env);
  const { value, overrides } = overrideFromEnvironment(
    expanded,
    env,
    findings.reportVariable.bind(findings),
  );
  const variables = new Map(overrides.map(({ path, variable }) => [dotted(path), variable]));
  for (const { path, variable } of overrides) findings.blame(path, variable);
  for (const each of unresolved) {
    if (!variables.has(dotted(each.path))) reportUnresolved(each, document, findings);
  }
  return { value, variables };
}
