// Answers every request with what it got and what it is; obeys a few methods that misbehave.
import { createInterface } from 'node:readline';

const say = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'crash') process.exit(params.code);
  if (method === 'crash-after-answer') {
    say({ id, result: { last: 'x'.repeat(params.size) } });
    process.exitCode = 1;
    process.stdin.destroy();
    return;
  }
  if (method === 'batch') {
    process.stdout.write(
      `[${JSON.stringify({ jsonrpc: '2.0', id, result: {} })},{"jsonrpc":"2.0","method":"notifications/x"}]\n`,
    );
    return;
  }
  say({
    id,
    result: {
      line,
      params,
      pid: process.pid,
      env: process.env,
      cwd: process.cwd(),
      argv: process.argv.slice(2),
    },
  });
});
