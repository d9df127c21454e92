/** Calls a stdio server itself, with no gateway between: the cost of the child alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { treeCpuMicros } from '../process-tree.js';

/** CPU µs of the child for one call, with `inFlight` calls under way; after a warm-up of as many calls. */
export async function stdioCpuMicros(
  file: string,
  { calls, inFlight }: { readonly calls: number; readonly inFlight: number },
): Promise<number> {
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      let sent = 0;
      let answered = 0;
      const send = (): void => {
        sent += 1;
        const text = `call ${sent} ${'x'.repeat(60)}`;
        const params = { name: 'echo', arguments: { text } };
        child.stdin.write(
          `${JSON.stringify({ jsonrpc: '2.0', id: sent, method: 'tools/call', params })}\n`,
        );
      };
      const onData = (chunk: Buffer): void => {
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) {
          answered += 1;
          if (sent < calls) send();
        }
        if (answered < calls) return;
        child.stdout.off('data', onData);
        resolve();
      };
      child.stdout.on('data', onData);
      for (let i = 0; i < inFlight; i += 1) send();
    });
  await run();
  const before = treeCpuMicros(child.pid ?? 0);
  await run();
  const micros = (treeCpuMicros(child.pid ?? 0) - before) / calls;
  child.stdin.end();
  await once(child, 'exit');
  return micros;
}
