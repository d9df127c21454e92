/**
 * The real program as a user starts it: dist/src/main.js with a configuration file, in directories
 * of its own, on a port of its own. The test gets the same outside as a user: HTTP, the command
 * line, signals, log files.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram, type ChildProgram, type Exit } from './child-program.js';
import { freePort } from './free-port.js';
import { repository } from './repository.js';
import { until, within } from './until.js';

const START_DEADLINE_MS = 60_000;
/** One question whether it is ready. */
const READY_ANSWER_MS = 2000;
const STOP_DEADLINE_MS = 45_000;
const CLI_DEADLINE_MS = 30_000;
/** Of its output and logs, in the error about a failed start. */
const MAX_SAID_CHARS = 6000;

export interface GatewayOptions {
  /** The configuration file: an object to be written as JSON, or the file's text. */
  readonly config: Readonly<Record<string, unknown>> | string;
  /** Added to PORT, DATA_DIR, LOG_DIR and MULTI_MCP_CONFIG. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
  /** The Node.js that runs it. Default: the one that runs the test. */
  readonly node?: string;
}

export interface CliResult extends Exit {
  readonly stdout: string;
  /** Standard output and error. */
  readonly output: string;
}

export interface KeyOptions {
  readonly servers?: readonly string[];
  readonly isAdmin?: boolean;
}

export interface GatewayFiles {
  readonly directory: string;
  readonly configFile: string;
  readonly dataDir: string;
  readonly logDir: string;
  remove(): Promise<void>;
}

export interface Gateway {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly program: ChildProgram;
  readonly files: GatewayFiles;
  /** The MCP endpoint of one server. */
  endpoint(server: string): string;
  /** A new API key, made with the command line. */
  makeKey(user: string, options?: KeyOptions): Promise<string>;
  cli(args: readonly string[]): Promise<CliResult>;
  /** JSON of an operator's route, over loopback. */
  json(path: string): Promise<Record<string, unknown>>;
  /** SIGTERM, awaited. Rejects when it does not end in time. */
  stop(): Promise<Exit>;
  /** What it printed and what it wrote to its log files. */
  logs(): Promise<string>;
  /** Kills what is left and removes the directories. For `t.teardown`. */
  destroy(): Promise<void>;
}

/** E2E_DIST: another build of the program to be tested. */
const dist = process.env['E2E_DIST'] ?? join(repository, 'dist');
export const MAIN = join(dist, 'src', 'main.js');
export const CLI = join(dist, 'src', 'cli', 'main.js');

/** A directory with a configuration file and room for data and logs. */
export async function gatewayFiles(config: GatewayOptions['config']): Promise<GatewayFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'multi-mcp-e2e-'));
  const files = {
    directory,
    configFile: join(directory, 'server-production.json'),
    dataDir: join(directory, 'data'),
    logDir: join(directory, 'logs'),
    remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
  await mkdir(files.dataDir);
  await mkdir(files.logDir);
  const text = typeof config === 'string' ? config : JSON.stringify(config, null, 2);
  await writeFile(files.configFile, text);
  return files;
}

export function gatewayEnvironment(files: GatewayFiles, port: number): Record<string, string> {
  return {
    PORT: String(port),
    DATA_DIR: files.dataDir,
    LOG_DIR: files.logDir,
    MULTI_MCP_CONFIG: files.configFile,
    NO_COLOR: '1',
  };
}

/** Starts the gateway and waits until it is ready. Rejects with its output when it ends instead. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const files = await gatewayFiles(options.config);
  const port = options.port ?? (await freePort());
  const env = { ...gatewayEnvironment(files, port), ...options.env };
  const node = options.node ?? process.execPath;
  const program = startProgram({
    command: node,
    args: [MAIN],
    env,
    cwd: files.directory,
  });
  const url = `http://127.0.0.1:${port}`;
  const destroy = async (): Promise<void> => {
    await program.destroy();
    await files.remove();
  };

  try {
    await until(
      async () => {
        if (program.hasExited()) return true;
        const signal = AbortSignal.timeout(READY_ANSWER_MS);
        return (await fetch(`${url}/readyz`, { signal })).ok;
      },
      { timeoutMs: START_DEADLINE_MS, everyMs: 50, what: 'a ready gateway' },
    );
    if (program.hasExited()) throw new Error('it ended');
    program.tree(); // Remembered now, so that orphans of a later crash are still found.
  } catch (error) {
    const said = await everythingSaid(program, files);
    await destroy();
    throw new Error(`the gateway did not start:\n${said.slice(-MAX_SAID_CHARS)}`, { cause: error });
  }

  const cli = async (args: readonly string[]): Promise<CliResult> => {
    const run = startProgram({ command: node, args: [CLI, ...args], env });
    try {
      const exit = await within(CLI_DEADLINE_MS, `multi-mcp ${args.join(' ')}`, run.exited);
      return { ...exit, stdout: run.stdout(), output: run.output() };
    } finally {
      await run.destroy();
    }
  };

  return {
    url,
    port,
    pid: program.pid,
    program,
    files,
    endpoint: (server) => `${url}/${server}/mcp`,
    cli,
    async makeKey(user, keyOptions = {}) {
      const result = await cli([
        'keys',
        'create',
        '--json',
        '--user',
        user,
        ...(keyOptions.servers === undefined ? [] : ['--servers', keyOptions.servers.join(',')]),
        ...(keyOptions.isAdmin === true ? ['--admin'] : []),
      ]);
      if (result.code !== 0) throw new Error(`no key: exit ${result.code}: ${result.output}`);
      return (JSON.parse(result.stdout) as { key: string }).key;
    },
    async json(path) {
      const response = await fetch(`${url}${path}`, { headers: { accept: 'application/json' } });
      return (await response.json()) as Record<string, unknown>;
    },
    async stop() {
      program.tree();
      program.kill('SIGTERM');
      return within(STOP_DEADLINE_MS, 'end of the gateway', program.exited);
    },
    logs: () => everythingSaid(program, files),
    destroy,
  };
}

/** A start that must fail: how it ended and what it said. Rejects when it does not end. */
export async function failedStart(options: GatewayOptions): Promise<Exit & { output: string }> {
  const files = await gatewayFiles(options.config);
  const port = options.port ?? (await freePort());
  const program = startProgram({
    command: options.node ?? process.execPath,
    args: [MAIN],
    env: { ...gatewayEnvironment(files, port), ...options.env },
    cwd: files.directory,
  });
  try {
    const exit = await within(CLI_DEADLINE_MS, 'the end of a start that must fail', program.exited);
    return { ...exit, output: program.output() };
  } finally {
    await program.destroy();
    await files.remove();
  }
}

/** Output and log files. */
async function everythingSaid(program: ChildProgram, files: GatewayFiles): Promise<string> {
  const names = await readdir(files.logDir).catch((): string[] => []);
  const texts = await Promise.all(
    names.map(async (name) => `== ${name}\n${await readFile(join(files.logDir, name), 'utf8')}`),
  );
  return [program.output(), ...texts].join('\n');
}
