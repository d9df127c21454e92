/**
 * The command line: its groups of commands, each a table of names, options and one sentence each in commands/.
 * What a command does is in its own file, loaded when it runs, so that `--help` and a typing error answer at once.
 */
import { Command, CommanderError } from 'commander';
import { EXIT } from '../kernel/exit-codes.js';
import { systemFailure } from '../kernel/system-failure.js';
import { VERSION } from '../kernel/version.js';
import { exitCodeOf } from './cli-error.js';
import type { CommandTable } from './command-table.js';
import { addCredentialCommands, addGrantCommands } from './commands/access.js';
import { addFileCommands } from './commands/files.js';
import { addGatewayCommands } from './commands/gateway.js';
import { addKeyCommands } from './commands/keys.js';
import { addServerCommands } from './commands/servers.js';
import { addAlertCommands, addWatchingCommands } from './commands/watching.js';

export interface CliStreams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly isColored: boolean;
  /** Of `err`. Default false. */
  readonly isTerminal?: boolean;
}

/** Runs one command line, without node and script. Never rejects; resolves with the exit code. */
export async function runCli(argv: readonly string[], streams: CliStreams): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram(streams, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const todo = systemFailure(thrown)?.todo ?? null;
    exitCode = exitCodeOf(thrown);
    streams.err(`multi-mcp: ${message}${todo === null ? '' : `. ${todo}`}\n`);
    if (exitCode === EXIT.software && thrown instanceof Error)
      streams.err(`${thrown.stack ?? ''}\n`);
    return exitCode;
  }
}

const JSON_DOCUMENT = 'print one JSON document';

function createProgram(streams: CliStreams, exitWith: (code: number) => void): Command {
  const { out, err, isColored, isTerminal = false } = streams;
  const root = new Command('multi-mcp')
    .description('Many MCP servers behind one HTTP endpoint.')
    .version(VERSION)
    .option('-c, --config <file>', 'configuration (default: config/server-production.json)')
    .option('--json', JSON_DOCUMENT)
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError('(multi-mcp --help lists the commands)');
  const table: CommandTable = {
    root,
    isColored,
    add: (parent, nameAndArgs, description, json = JSON_DOCUMENT) =>
      parent
        .command(nameAndArgs)
        .description(description)
        .option('-c, --config <file>', 'configuration file')
        .option('--json', json),
    context: (command) => {
      const given = command.optsWithGlobals<{ config?: string; json?: boolean }>();
      return { out, err, isTerminal, configPath: given.config, json: given.json ?? false };
    },
    exitWith,
  };
  addGatewayCommands(table);
  addFileCommands(table);
  addKeyCommands(table);
  addGrantCommands(table);
  addCredentialCommands(table);
  addServerCommands(table);
  addWatchingCommands(table);
  addAlertCommands(table);
  return root;
}
