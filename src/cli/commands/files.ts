/** Changing the configuration file. */
import type { Command } from 'commander';
import type { CommandTable } from '../command-table.js';
import type { ImportOptions } from '../import.js';
import type { MigrateOptions } from '../migrate.js';

export function addFileCommands(table: CommandTable): void {
  table
    .add(table.root, 'import <file>', 'add the servers of a client or another gateway')
    .option('--dry-run', 'only show what would change')
    .option('--replace', 'servers of the same name too')
    .action(async (file: string, options: Omit<ImportOptions, 'isColored'>, command: Command) => {
      const { importFile } = await import('../import.js');
      const { isColored } = table;
      table.exitWith(await importFile(table.context(command), file, { ...options, isColored }));
    });
  table
    .add(table.root, 'migrate [file]', 'write old and foreign setting names anew')
    .option('--dry-run', 'only show what would change')
    .action(
      async (
        file: string | undefined,
        options: Omit<MigrateOptions, 'isColored'>,
        command: Command,
      ) => {
        const { migrate } = await import('../migrate.js');
        const { isColored } = table;
        migrate(table.context(command), file, { ...options, isColored });
      },
    );
}
