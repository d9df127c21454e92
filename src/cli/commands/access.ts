/** Grants and users' credentials; who changed what; where it is all kept. */
import type { Command } from 'commander';
import { addAccessOptions, type CommandTable } from '../command-table.js';
import type { CredentialsOptions } from '../credentials.js';
import type { GrantsSetOptions } from '../grants.js';
import type { StoreMigrateOptions } from '../store-migrate.js';

const GRANT_LIMITS = `
--rate and --concurrency replace the common limits of users: they count all of the user's keys
and tokens together, on all workers; a grant for "*" counts all its servers together.`;

export function addGrantCommands(table: CommandTable): void {
  const grants = table.root.command('grants').description('what users may do, server by server');
  addAccessOptions(
    table.add(
      grants,
      'set <user> <server>',
      'say what a user may do on a server ("*": all others)',
    ),
  )
    .option('--deny', 'refuse the server')
    .addHelpText('after', GRANT_LIMITS)
    .action(async (user: string, server: string, options: GrantsSetOptions, command: Command) => {
      const { grantsSet } = await import('../grants.js');
      await grantsSet(table.context(command), { user, server }, options);
    });
  table
    .add(grants, 'list', 'all grants')
    .option('--user <name>', 'those of one user')
    .action(async (options: { user?: string }, command: Command) => {
      const { grantsList } = await import('../grants.js');
      await grantsList(table.context(command), options);
    });
  table
    .add(grants, 'remove <user> <server>', "leave it to the user's credentials again")
    .action(async (user: string, server: string, _options: unknown, command: Command) => {
      const { grantsRemove } = await import('../grants.js');
      await grantsRemove(table.context(command), { user, server });
    });
  const store = table.root.command('store').description('where keys and data are kept');
  table
    .add(store, 'migrate', 'copy everything to another store; run again to go on')
    .requiredOption('--from <place>', 'data directory, file, or mongodb:// URI')
    .requiredOption('--to <place>', 'data directory, file, or mongodb:// URI')
    .action(async (options: StoreMigrateOptions, command: Command) => {
      const { storeMigrate } = await import('../store-migrate.js');
      await storeMigrate(table.context(command), options);
    });
  const audit = table.root.command('audit').description('who changed what');
  table
    .add(audit, 'list', 'the last changes, newest first')
    .option('-n, --lines <count>', 'how many (default: 50)')
    .action(async (options: { lines?: string }, command: Command) => {
      const { auditList } = await import('../audit.js');
      await auditList(table.context(command), options);
    });
}

export function addCredentialCommands(table: CommandTable): void {
  const group = "users' own credentials for upstream servers";
  const credentials = table.root.command('credentials').description(group);
  table
    .add(credentials, 'set <server>', 'seal and keep one; its value comes on standard input')
    .requiredOption('--user <name>', 'whose it is')
    .action(async (server: string, options: CredentialsOptions, command: Command) => {
      const { credentialsSet } = await import('../credentials.js');
      await credentialsSet(table.context(command), server, options, process.stdin);
    });
  table
    .add(credentials, 'list', 'who has one for which server')
    .option('--user <name>', 'only this user')
    .action(async (options: Partial<CredentialsOptions>, command: Command) => {
      const { credentialsList } = await import('../credentials.js');
      await credentialsList(table.context(command), options);
    });
  table
    .add(credentials, 'remove <server>', 'forget one, on all workers at once')
    .requiredOption('--user <name>', 'whose it is')
    .action(async (server: string, options: CredentialsOptions, command: Command) => {
      const { credentialsRemove } = await import('../credentials.js');
      await credentialsRemove(table.context(command), server, options);
    });
  const rotate = 'seal all anew after the master key was changed';
  table.add(credentials, 'rotate', rotate).action(async (_options: unknown, command: Command) => {
    const { credentialsRotate } = await import('../credentials.js');
    await credentialsRotate(table.context(command));
  });
}
