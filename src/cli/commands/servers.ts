/** The servers behind the gateway. */
import type { Command } from 'commander';
import type { CommandTable } from '../command-table.js';
import type { ServersAddOptions } from '../servers-add.js';

export function addServerCommands(table: CommandTable): void {
  const servers = table.root.command('servers').description('the MCP servers behind');
  table
    .add(servers, 'list', 'names, kinds and states')
    .action(async (_options: unknown, command: Command) => {
      const { serversList } = await import('../servers-list.js');
      await serversList(table.context(command));
    });
  table
    .add(servers, 'add <name> [command...]', 'serve one more, at once; a command comes after "--"')
    .option('--url <url>', 'an HTTP server: its MCP endpoint')
    .option(
      '--header <header>',
      "sent with every request: 'Name: ${VARIABLE}'; repeatable",
      collect,
    )
    .option('--module <file>', 'a JavaScript module')
    .option('--env <pair>', "of the command: 'NAME=${VARIABLE}'; repeatable", collect)
    .option('--cwd <folder>', 'of the command')
    .option(
      '--entry <file>',
      'an entry as under "servers" in the configuration; "-": standard input',
    )
    .option('--disabled', 'keep it, and do not serve it yet')
    .option('--replace', 'in place of one that was added before')
    .action(async (name: string, given: string[], options: ServersAddOptions, command: Command) => {
      const { serversAdd } = await import('../servers-add.js');
      await serversAdd(table.context(command), name, { command: given, options });
    });
  table
    .add(servers, 'remove <name>', 'take away one that was added')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { serversRemove } = await import('../servers-remove.js');
      await serversRemove(table.context(command), name);
    });
  for (const isEnabled of [true, false]) {
    const [word, what] = isEnabled
      ? ['enable', 'put one back into service']
      : ['disable', 'take one out of service; who waits for it is told at once'];
    table
      .add(servers, `${word} <name>`, what)
      .action(async (name: string, _options: unknown, command: Command) => {
        const { serversSwitch } = await import('../servers-switch.js');
        await serversSwitch(table.context(command), name, isEnabled);
      });
  }
  table
    .add(servers, 'restart <name>', 'end its processes and sessions, and begin anew')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { serversRestart } = await import('../servers-restart.js');
      await serversRestart(table.context(command), name);
    });
  table
    .add(servers, 'approve <name> [tool]', 'accept tools that the server changed')
    .action(async (name: string, tool: string | undefined, _options: unknown, command: Command) => {
      const { serversApprove } = await import('../servers-approve.js');
      await serversApprove(table.context(command), name, tool);
    });
  table
    .add(servers, 'test <name>', 'call it as a client would, step by step')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { serversTest } = await import('../servers-test.js');
      await serversTest(table.context(command), name);
    });
}

function collect(value: string, former: readonly string[] = []): readonly string[] {
  return [...former, value];
}
