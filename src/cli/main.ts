#!/usr/bin/env node
/** Entry of the `multi-mcp` command: the terminal in, an exit code out. */
import { runCli } from './program.js';

// A reader that left (`multi-mcp logs | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 70);
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  isColored: process.stdout.isTTY && process.stdout.hasColors(),
});
