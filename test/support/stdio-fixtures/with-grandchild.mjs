// Starts a grandchild that ignores everything and holds stdout open, as npx and uvx wrappers do.
import { spawn } from 'node:child_process';

const grandchild = spawn(process.execPath, [new URL('stubborn.mjs', import.meta.url).pathname], {
  stdio: ['pipe', 'ignore', 'inherit'],
});
const holder = spawn('sleep', ['600'], { stdio: ['ignore', 'inherit', 'inherit'] });
grandchild.once('spawn', () => {
  process.stdout.write(
    `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/pids', params: { pids: [process.pid, grandchild.pid, holder.pid] } })}\n`,
  );
});
process.stdin.on('data', (line) => {
  if (String(line).includes('crash')) process.exit(7);
});
process.stdin.on('end', () => process.exit(0));
