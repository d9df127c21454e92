/** Puts beside the compiled program what the compiler leaves out. */
import { chmodSync, existsSync } from 'node:fs';

const cli = 'dist/src/cli/main.js';
if (existsSync(cli)) chmodSync(cli, 0o755);
