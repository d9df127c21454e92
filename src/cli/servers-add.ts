/**
 * `multi-mcp servers add NAME`: a server for the running gateway, kept over restarts. From a URL, a command
 * after `--`, a module, or an entry as it would stand under `servers` in the configuration file.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readJsonc } from '../../config/jsonc.js';
import { formatProblems } from '../../config/problem.js';
import type { AddedServer } from '../admin/server-operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { askRunningGateway } from './admin-client.js';
import { expect, isAddedServer } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { adminSocketPath } from './settings.js';

export interface ServersAddOptions {
  readonly url?: string;
  readonly header?: readonly string[];
  readonly module?: string;
  readonly env?: readonly string[];
  readonly cwd?: string;
  /** File, or `-` for standard input. */
  readonly entry?: string;
  readonly disabled?: boolean;
  readonly replace?: boolean;
}

/** Every process of the gateway confirms, and an upstream host may have a server to load. */
const ADD_TIMEOUT_MS = 60_000;
const STANDARD_INPUT = 0;

export async function serversAdd(
  context: CliContext,
  name: string,
  {
    command,
    options,
  }: { readonly command: readonly string[]; readonly options: ServersAddOptions },
): Promise<void> {
  const entry = entryOf(command, options);
  const json = await askRunningGateway({
    socketPath: adminSocketPath(context),
    method: 'PUT',
    path: `/servers/${encodeURIComponent(name)}`,
    body: { entry, replace: options.replace ?? false },
    timeoutMs: ADD_TIMEOUT_MS,
  });
  const added = expect(isAddedServer, json);
  if (context.json) printJson(context, added);
  else context.out(describe(added));
  for (const warning of added.warnings) context.err(`warning: ${warning}\n`);
}

function describe({ name, kind, enabled, url }: AddedServer): string {
  if (!enabled) return `${name} (${kind}) is kept; multi-mcp servers enable ${name}\n`;
  return `${name} (${kind}) is served at ${url}\nSee whether it works: multi-mcp servers test ${name}\n`;
}

type Entry = Readonly<Record<string, unknown>>;

function entryOf(command: readonly string[], options: ServersAddOptions): Entry {
  const { url, module, entry: file } = options;
  const [program, ...args] = command;
  const sources = [url, module, file, program].filter((source) => source !== undefined);
  if (sources.length !== 1) {
    throw new CliError(
      EXIT.usage,
      'Give one of: --url URL, --module FILE, --entry FILE, or a command after "--".',
    );
  }
  const disabled = options.disabled === true ? { enabled: false } : {};
  if (file !== undefined) return { ...readEntry(file), ...disabled };
  const env = pairs(options.env, '=', '--env NAME=VALUE');
  const headers = pairs(options.header, ':', '--header "Name: value"');
  return {
    ...(url !== undefined && { url }),
    ...(module !== undefined && { module: resolve(module) }),
    // A path is the shell's, whatever directory the gateway runs in.
    ...(program !== undefined && { command: program.includes('/') ? resolve(program) : program }),
    ...(args.length > 0 && { args }),
    ...(options.cwd !== undefined && { cwd: resolve(options.cwd) }),
    ...(env !== null && { env }),
    ...(headers !== null && { headers }),
    ...disabled,
  };
}

/** Null when none was given. What does not fit the source is the gateway's to name. */
function pairs(
  given: readonly string[] | undefined,
  separator: string,
  form: string,
): Readonly<Record<string, string>> | null {
  if (given === undefined) return null;
  const entries = given.map((pair): [string, string] => {
    const end = pair.indexOf(separator);
    // Not repeated: it may be a secret.
    if (end < 1) throw new CliError(EXIT.usage, `The form is ${form}.`);
    return [pair.slice(0, end).trim(), pair.slice(end + 1).trim()];
  });
  return Object.fromEntries(entries);
}

/** JSON with comments, as in the configuration file. */
function readEntry(file: string): Entry {
  const shown = file === '-' ? 'standard input' : file;
  const { value, problems } = readJsonc(readText(file, shown), shown);
  if (problems.length > 0) {
    throw new CliError(EXIT.usage, `\n${formatProblems(problems, { color: false })}`);
  }
  if (isEntry(value)) return value;
  throw new CliError(EXIT.usage, 'The entry must be a JSON object, such as {"url": "https://…"}.');
}

function readText(file: string, shown: string): string {
  try {
    return readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(EXIT.usage, `${shown} cannot be read: ${reason}`, { cause });
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
