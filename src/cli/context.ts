/** What every command gets: where to write, and what was said before the command's own options. */
import { printableJson } from '../kernel/visible-text.js';

export interface CliContext {
  /** The only ways out: everything a command says goes through these. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** From --config; absent means MULTI_MCP_CONFIG or the default place. */
  readonly configPath: string | undefined;
  /** Machine-readable output: one JSON document on standard output. */
  readonly json: boolean;
  /** Whether standard error is a terminal, on which a line may be drawn over. */
  readonly isTerminal?: boolean;
}

export function printJson(context: CliContext, document: unknown): void {
  context.out(`${printableJson(JSON.stringify(document, null, 2))}\n`);
}
