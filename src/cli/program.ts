/**
 * The command line as one table: names, options, one sentence each. What a command does is in its own file,
 * loaded when it runs, so that `--help` and a typing error answer at once.
 */
import { Command, CommanderError } from 'commander';
import { EXIT } from '../kernel/exit-codes.js';
import { VERSION } from '../kernel/version.js';
import { exitCodeOf } from './cli-error.js';
import type { CliContext } from './context.js';
import type { DoctorOptions } from './doctor.js';
import type { GrantsSetOptions } from './grants.js';
import type { CredentialsOptions } from './credentials.js';
import type { KeysCreateOptions } from './keys-create.js';
import type { KeysListOptions } from './keys-list.js';
import type { KeysUpdateOptions } from './keys-update.js';
import type { LogLevelOptions } from './log-level.js';
import type { LogsOptions } from './logs.js';
import type { StartOptions } from './start.js';
import type { StoreMigrateOptions } from './store-migrate.js';
import type { TokenOptions } from './token.js';

export interface CliStreams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly isColored: boolean;
  /** Of `err`. Default false. */
  readonly isTerminal?: boolean;
}

/** Runs one command line, without node and script. Never rejects; resolves with the exit code. */
export async function runCli(argv: readonly string[], streams: CliStreams): Promise<number> {
  const program = new Program(streams);
  try {
    await program.command.parseAsync([...argv], { from: 'user' });
    return program.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const exitCode = exitCodeOf(thrown);
    streams.err(`multi-mcp: ${message}\n`);
    if (exitCode === EXIT.software && thrown instanceof Error)
      streams.err(`${thrown.stack ?? ''}\n`);
    return exitCode;
  }
}

const GRANT_LIMITS = `
--rate and --concurrency replace the common limits of users: they count all of the user's keys
and tokens together, on all workers; a grant for "*" counts all its servers together.`;

function addAccessOptions(command: Command): Command {
  return command
    .option('--rate <count>', 'most requests a second')
    .option('--concurrency <count>', 'most requests at once')
    .option('--tools <globs>', 'the only tools it may call, such as "list_*,get_me"')
    .option('--deny-tools <globs>', 'tools it may not call');
}

class Program {
  readonly command: Command;
  readonly #streams: CliStreams;
  exitCode: number = EXIT.ok;

  constructor(streams: CliStreams) {
    this.#streams = streams;
    this.command = new Command('multi-mcp')
      .description('Many MCP servers behind one HTTP endpoint.')
      .version(VERSION)
      .option('-c, --config <file>', 'configuration (default: config/server-production.json)')
      .option('--json', 'print one JSON document')
      .exitOverride()
      .configureOutput({ writeOut: streams.out, writeErr: streams.err })
      .showHelpAfterError('(multi-mcp --help lists the commands)');
    this.#addGateway();
    this.#addKeys();
    this.#addGrants();
    this.#addCredentials();
    this.#addServers();
    this.#addWatching();
    this.#addAlerts();
  }

  #addGateway(): void {
    this.#add(this.command, 'start', 'run the gateway in the foreground')
      .option('--check', 'only check that it could start')
      .action(async (options: StartOptions, command: Command) => {
        const { start } = await import('./start.js');
        this.exitCode = await start(this.#context(command), options);
      });
    this.#add(this.command, 'reload', 'apply the changed configuration').action(
      async (_options: unknown, command: Command) => {
        const { reload } = await import('./reload.js');
        await reload(this.#context(command));
      },
    );
    this.#add(
      this.command,
      'restart',
      'replace the workers one by one, so that no request is lost',
    ).action(async (_options: unknown, command: Command) => {
      const { restart } = await import('./restart.js');
      await restart(this.#context(command));
    });
    this.#add(this.command, 'validate [file]', 'say everything that is wrong with a configuration')
      .option('--format <format>', 'human, json or github')
      .action(async (file: string | undefined, options: { format?: string }, command: Command) => {
        const { validate } = await import('./validate-args.js');
        const context = this.#context(command);
        const { isColored } = this.#streams;
        this.exitCode = validate(context, { file, format: options.format, isColored });
      });
  }

  #addKeys(): void {
    const keys = this.command.command('keys').description('make, list, change and revoke API keys');
    addAccessOptions(
      this.#add(keys, 'create', 'make a key; shows it once, with snippets for the usual clients'),
    )
      .requiredOption('--user <name>', 'whose key it is')
      .option('--servers <names>', 'the only servers it may use, separated by commas')
      .option('--expires <duration>', 'such as 90d; never, when absent')
      .option('--label <text>', 'a note for the list')
      .option('--admin', 'may see what only operators see')
      .action(async (options: KeysCreateOptions, command: Command) => {
        const { keysCreate } = await import('./keys-create.js');
        await keysCreate(this.#context(command), options);
      });
    this.#add(keys, 'list', 'the keys that work')
      .option('--all', 'revoked and expired ones too')
      .action(async (options: KeysListOptions, command: Command) => {
        const { keysList } = await import('./keys-list.js');
        await keysList(this.#context(command), options);
      });
    addAccessOptions(
      this.#add(
        keys,
        'update <id>',
        'change a key, on all workers at once; "none" takes a limit off',
      ),
    )
      .option('--servers <names>', 'the only servers it may use; "all" for every one')
      .option('--expires <duration>', 'such as 90d from now; "never"')
      .option('--label <text>', 'a note for the list')
      .action(async (id: string, options: KeysUpdateOptions, command: Command) => {
        const { keysUpdate } = await import('./keys-update.js');
        await keysUpdate(this.#context(command), id, options);
      });
    this.#add(keys, 'revoke <id>', 'end a key, on all workers at once').action(
      async (id: string, _options: unknown, command: Command) => {
        const { keysRevoke } = await import('./keys-revoke.js');
        await keysRevoke(this.#context(command), id);
      },
    );
    this.#add(this.command, 'token', 'sign a token (JWT, HS256) for a user')
      .requiredOption('--user <name>', 'for whom')
      .option('--servers <names>', 'the only servers it may use, separated by commas')
      .option('--expires <duration>', 'default 1h')
      .action(async (options: TokenOptions, command: Command) => {
        const { token } = await import('./token.js');
        await token(this.#context(command), options);
      });
  }

  #addGrants(): void {
    const grants = this.command
      .command('grants')
      .description('what users may do, server by server');
    addAccessOptions(
      this.#add(
        grants,
        'set <user> <server>',
        'say what a user may do on a server ("*": all others)',
      ),
    )
      .option('--deny', 'refuse the server')
      .addHelpText('after', GRANT_LIMITS)
      .action(async (user: string, server: string, options: GrantsSetOptions, command: Command) => {
        const { grantsSet } = await import('./grants.js');
        await grantsSet(this.#context(command), { user, server }, options);
      });
    this.#add(grants, 'list', 'all grants')
      .option('--user <name>', 'those of one user')
      .action(async (options: { user?: string }, command: Command) => {
        const { grantsList } = await import('./grants.js');
        await grantsList(this.#context(command), options);
      });
    this.#add(grants, 'remove <user> <server>', 'leave it to the user’s credentials again').action(
      async (user: string, server: string, _options: unknown, command: Command) => {
        const { grantsRemove } = await import('./grants.js');
        await grantsRemove(this.#context(command), { user, server });
      },
    );
    const store = this.command.command('store').description('where keys and data are kept');
    this.#add(store, 'migrate', 'copy everything to another store; run again to go on')
      .requiredOption('--from <place>', 'data directory, file, or mongodb:// URI')
      .requiredOption('--to <place>', 'data directory, file, or mongodb:// URI')
      .action(async (options: StoreMigrateOptions, command: Command) => {
        const { storeMigrate } = await import('./store-migrate.js');
        await storeMigrate(this.#context(command), options);
      });
    const audit = this.command.command('audit').description('who changed what');
    this.#add(audit, 'list', 'the last changes, newest first')
      .option('-n, --lines <count>', 'how many (default: 50)')
      .action(async (options: { lines?: string }, command: Command) => {
        const { auditList } = await import('./audit.js');
        await auditList(this.#context(command), options);
      });
  }

  #addCredentials(): void {
    const group = "users' own credentials for upstream servers";
    const credentials = this.command.command('credentials').description(group);
    this.#add(credentials, 'set <server>', 'seal and keep one; its value comes on standard input')
      .requiredOption('--user <name>', 'whose it is')
      .action(async (server: string, options: CredentialsOptions, command: Command) => {
        const { credentialsSet } = await import('./credentials.js');
        await credentialsSet(this.#context(command), server, options, process.stdin);
      });
    this.#add(credentials, 'list', 'who has one for which server')
      .option('--user <name>', 'only this user')
      .action(async (options: Partial<CredentialsOptions>, command: Command) => {
        const { credentialsList } = await import('./credentials.js');
        await credentialsList(this.#context(command), options);
      });
    this.#add(credentials, 'remove <server>', 'forget one, on all workers at once')
      .requiredOption('--user <name>', 'whose it is')
      .action(async (server: string, options: CredentialsOptions, command: Command) => {
        const { credentialsRemove } = await import('./credentials.js');
        await credentialsRemove(this.#context(command), server, options);
      });
    const rotate = 'seal all anew after the master key was changed';
    this.#add(credentials, 'rotate', rotate).action(async (_options: unknown, command: Command) => {
      const { credentialsRotate } = await import('./credentials.js');
      await credentialsRotate(this.#context(command));
    });
  }

  #addServers(): void {
    const servers = this.command.command('servers').description('the MCP servers behind');
    this.#add(servers, 'list', 'names, kinds and states').action(
      async (_options: unknown, command: Command) => {
        const { serversList } = await import('./servers-list.js');
        await serversList(this.#context(command));
      },
    );
    this.#add(servers, 'restart <name>', 'end its processes and sessions, and begin anew').action(
      async (name: string, _options: unknown, command: Command) => {
        const { serversRestart } = await import('./servers-restart.js');
        await serversRestart(this.#context(command), name);
      },
    );
    this.#add(servers, 'approve <name> [tool]', 'accept tools that the server changed').action(
      async (name: string, tool: string | undefined, _options: unknown, command: Command) => {
        const { serversApprove } = await import('./servers-approve.js');
        await serversApprove(this.#context(command), name, tool);
      },
    );
    this.#add(servers, 'test <name>', 'call it as a client would, step by step').action(
      async (name: string, _options: unknown, command: Command) => {
        const { serversTest } = await import('./servers-test.js');
        await serversTest(this.#context(command), name);
      },
    );
  }

  #addWatching(): void {
    this.#add(this.command, 'status', 'how the running gateway is').action(
      async (_options: unknown, command: Command) => {
        const { status } = await import('./status.js');
        await status(this.#context(command));
      },
    );
    this.#add(
      this.command,
      'health',
      'exit 0 when the gateway answers, 1 when not (Docker)',
    ).action(async (_options: unknown, command: Command) => {
      const { health } = await import('./health.js');
      this.exitCode = await health(this.#context(command));
    });
    this.#add(this.command, 'doctor', 'look at machine, settings, servers; say what to repair')
      .option('--url <url>', 'look at the public address too: certificate, proxy, buffering')
      .action(async (options: DoctorOptions, command: Command) => {
        const { doctor } = await import('./doctor.js');
        const { isColored } = this.#streams;
        this.exitCode = await doctor(this.#context(command), { ...options, isColored });
      });
    this.#add(
      this.command,
      'log-level [level]',
      'show or change how much is logged; "reset" to undo',
    )
      .option('--for <duration>', 'then back by itself, such as 10m')
      .action(async (level: string | undefined, options: LogLevelOptions, command: Command) => {
        const { logLevel } = await import('./log-level.js');
        await logLevel(this.#context(command), level, options);
      });
    this.#add(this.command, 'logs', 'the end of the log')
      .option('-f, --follow', 'go on as it grows')
      .option('-n, --lines <count>', 'how many lines (default: 50)')
      .option('--requests', 'the request log')
      .option('--server <name>', 'lines about one server')
      .option('--user <name>', 'requests of one user')
      .option('--tool <name>', 'calls of one tool or prompt')
      .option('--status <list>', 'requests that ended so: 429, 5xx, several with commas')
      .option('--level <level>', 'lines at least so severe')
      .option('--since <when>', 'from then on: 10m, 2h, 2026-11-21T10:00')
      .action(async (options: LogsOptions, command: Command) => {
        const { logs } = await import('./logs.js');
        await logs(this.#context(command), options, { isTerminal: this.#streams.isColored });
      });
  }

  #addAlerts(): void {
    const alerts = this.command.command('alerts').description('what is wrong, and who is told');
    this.#add(alerts, 'list', 'alerts that hold or cool down, and the last messages').action(
      async (_options: unknown, command: Command) => {
        const { alertsList } = await import('./alerts.js');
        await alertsList(this.#context(command));
      },
    );
    this.#add(alerts, 'test', 'send one test message through every sink').action(
      async (_options: unknown, command: Command) => {
        const { alertsTest } = await import('./alerts.js');
        await alertsTest(this.#context(command));
      },
    );
  }

  /** A command with the options that all of them take, before or after its name. */
  #add(parent: Command, nameAndArgs: string, description: string): Command {
    return parent
      .command(nameAndArgs)
      .description(description)
      .option('-c, --config <file>', 'configuration file')
      .option('--json', 'print one JSON document');
  }

  #context(command: Command): CliContext {
    const given = command.optsWithGlobals<{ config?: string; json?: boolean }>();
    const { out, err, isTerminal = false } = this.#streams;
    return { out, err, isTerminal, configPath: given.config, json: given.json ?? false };
  }
}
