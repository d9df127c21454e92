/** `multi-mcp validate`: checks its own options and hands over to validate.ts. */
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { validateCommand } from './validate.js';

export interface ValidateArgs {
  readonly file: string | undefined;
  readonly format: string | undefined;
  readonly isColored: boolean;
}

/** The exit code. */
export function validate(context: CliContext, { file, format, isColored }: ValidateArgs): number {
  if (format !== undefined && format !== 'human' && format !== 'json' && format !== 'github') {
    throw new CliError(EXIT.usage, `--format must be human, json or github, is "${format}"`);
  }
  const { exitCode, stdout } = validateCommand({
    file: file ?? context.configPath,
    json: context.json,
    format,
    color: isColored,
  });
  context.out(stdout);
  return exitCode;
}
