/** What the groups of commands (commands/) build on: the options all commands take, and what they run with. */
import type { Command } from 'commander';
import type { CliContext } from './context.js';

export interface CommandTable {
  /** `multi-mcp` itself. */
  readonly root: Command;
  readonly isColored: boolean;
  /** A command with the options that all of them take, before or after its name. `json`: what `--json` does to this one. */
  add(parent: Command, nameAndArgs: string, description: string, json?: string): Command;
  context(command: Command): CliContext;
  /** For commands that end otherwise than well without an error. */
  exitWith(code: number): void;
}

/** Of keys and grants. */
export function addAccessOptions(command: Command): Command {
  return command
    .option('--rate <count>', 'most requests a second')
    .option('--concurrency <count>', 'most requests at once')
    .option('--tools <globs>', 'the only tools it may call, such as "list_*,get_me"')
    .option('--deny-tools <globs>', 'tools it may not call');
}
