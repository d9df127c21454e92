/** API keys and tokens. */
import type { Command } from 'commander';
import { addAccessOptions, type CommandTable } from '../command-table.js';
import type { KeysCreateOptions } from '../keys-create.js';
import type { KeysListOptions } from '../keys-list.js';
import type { KeysUpdateOptions } from '../keys-update.js';
import type { TokenOptions } from '../token.js';

export function addKeyCommands(table: CommandTable): void {
  const keys = table.root.command('keys').description('make, list, change and revoke API keys');
  addAccessOptions(
    table.add(keys, 'create', 'make a key; shows it once, with snippets for the usual clients'),
  )
    .requiredOption('--user <name>', 'whose key it is')
    .option('--servers <names>', 'the only servers it may use, separated by commas')
    .option('--expires <duration>', 'such as 90d; never, when absent')
    .option('--label <text>', 'a note for the list')
    .option('--admin', 'may see what only operators see')
    .action(async (options: KeysCreateOptions, command: Command) => {
      const { keysCreate } = await import('../keys-create.js');
      await keysCreate(table.context(command), options);
    });
  table
    .add(keys, 'list', 'the keys that work')
    .option('--all', 'revoked and expired ones too')
    .action(async (options: KeysListOptions, command: Command) => {
      const { keysList } = await import('../keys-list.js');
      await keysList(table.context(command), options);
    });
  addAccessOptions(
    table.add(
      keys,
      'update <id>',
      'change a key, on all workers at once; "none" takes a limit off',
    ),
  )
    .option('--servers <names>', 'the only servers it may use; "all" for every one')
    .option('--expires <duration>', 'such as 90d from now; "never"')
    .option('--label <text>', 'a note for the list')
    .action(async (id: string, options: KeysUpdateOptions, command: Command) => {
      const { keysUpdate } = await import('../keys-update.js');
      await keysUpdate(table.context(command), id, options);
    });
  table
    .add(keys, 'revoke <id>', 'end a key, on all workers at once')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { keysRevoke } = await import('../keys-revoke.js');
      await keysRevoke(table.context(command), id);
    });
  table
    .add(table.root, 'token', 'sign a token (JWT, HS256) for a user')
    .requiredOption('--user <name>', 'for whom')
    .option('--servers <names>', 'the only servers it may use, separated by commas')
    .option('--expires <duration>', 'default 1h')
    .action(async (options: TokenOptions, command: Command) => {
      const { token } = await import('../token.js');
      await token(table.context(command), options);
    });
}
