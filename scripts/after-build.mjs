/**
 * After the compiler: the command line is made executable and linked where `npx multi-mcp` looks, as npm
 * does for installed packages but not for the project itself; the dashboard is put beside the program.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { copyDashboard } from './copy-dashboard.mjs';

const cli = 'dist/src/cli/main.js';
const link = 'node_modules/.bin/multi-mcp';

if (existsSync(cli)) {
  chmodSync(cli, 0o755);
  mkdirSync('node_modules/.bin', { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(`../../${cli}`, link);
}
copyDashboard();
