/** Running the gateway, and changing how it runs. */
import type { Command } from 'commander';
import type { CommandTable } from '../command-table.js';
import type { StartOptions } from '../start.js';

export function addGatewayCommands(table: CommandTable): void {
  table
    .add(table.root, 'start', 'run the gateway in the foreground')
    .option('--check', 'only check that it could start')
    .action(async (options: StartOptions, command: Command) => {
      const { start } = await import('../start.js');
      table.exitWith(await start(table.context(command), options));
    });
  table
    .add(table.root, 'reload', 'apply the changed configuration')
    .action(async (_options: unknown, command: Command) => {
      const { reload } = await import('../reload.js');
      await reload(table.context(command));
    });
  table
    .add(table.root, 'restart', 'replace the workers one by one, so that no request is lost')
    .action(async (_options: unknown, command: Command) => {
      const { restart } = await import('../restart.js');
      await restart(table.context(command));
    });
  table
    .add(table.root, 'validate [file]', 'say everything that is wrong with a configuration')
    .option('--format <format>', 'human, json or github')
    .action(async (file: string | undefined, options: { format?: string }, command: Command) => {
      const { validate } = await import('../validate-args.js');
      const context = table.context(command);
      const { isColored } = table;
      table.exitWith(validate(context, { file, format: options.format, isColored }));
    });
}
