/** Looking at a gateway: state, health, logs, alerts. */
import type { Command } from 'commander';
import type { AlertsListOptions } from '../alerts.js';
import type { CommandTable } from '../command-table.js';
import type { DoctorOptions } from '../doctor.js';
import type { LogLevelOptions } from '../log-level.js';
import type { LogsOptions } from '../logs.js';

export function addWatchingCommands(table: CommandTable): void {
  table
    .add(table.root, 'status', 'how the running gateway is')
    .action(async (_options: unknown, command: Command) => {
      const { status } = await import('../status.js');
      await status(table.context(command));
    });
  table
    .add(table.root, 'health', 'exit 0 when the gateway answers, 1 when not (Docker)')
    .action(async (_options: unknown, command: Command) => {
      const { health } = await import('../health.js');
      table.exitWith(await health(table.context(command)));
    });
  table
    .add(table.root, 'doctor', 'look at machine, settings, servers; say what to repair')
    .option('--url <url>', 'look at the public address too: certificate, proxy, buffering')
    .action(async (options: DoctorOptions, command: Command) => {
      const { doctor } = await import('../doctor.js');
      const { isColored } = table;
      table.exitWith(await doctor(table.context(command), { ...options, isColored }));
    });
  table
    .add(table.root, 'log-level [level]', 'show or change how much is logged; "reset" to undo')
    .option('--for <duration>', 'then back by itself, such as 10m')
    .action(async (level: string | undefined, options: LogLevelOptions, command: Command) => {
      const { logLevel } = await import('../log-level.js');
      await logLevel(table.context(command), level, options);
    });
  table
    .add(table.root, 'logs', 'the end of the log', "the file's own lines, one JSON object each")
    .option('-f, --follow', 'go on as it grows')
    .option('-n, --lines <count>', 'how many lines (default: 50)')
    .option('--requests', 'the request log')
    .option('--server <name>', 'lines about one server')
    .option('--user <name>', 'requests of one user')
    .option('--tool <name>', 'calls of one tool or prompt')
    .option('--status <list>', 'requests that ended so: 429, 5xx, several with commas')
    .option('--level <level>', 'lines at least so severe')
    .option('--since <when>', 'from then on: 10m, 2h, 2026-11-21T10:00 (UTC)')
    .action(async (options: LogsOptions, command: Command) => {
      const { logs } = await import('../logs.js');
      await logs(table.context(command), options, { isTerminal: table.isColored });
    });
}

export function addAlertCommands(table: CommandTable): void {
  const alerts = table.root.command('alerts').description('what is wrong, and who is told');
  table
    .add(alerts, 'list', 'alerts that hold or cool down, and the last messages')
    .option('--all', 'every message that is kept, those before a restart too')
    .action(async (options: AlertsListOptions, command: Command) => {
      const { alertsList } = await import('../alerts.js');
      await alertsList(table.context(command), options);
    });
  table
    .add(alerts, 'test', 'send one test message through every sink')
    .action(async (_options: unknown, command: Command) => {
      const { alertsTest } = await import('../alerts.js');
      await alertsTest(table.context(command));
    });
}
