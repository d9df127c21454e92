/** Child processes of a measurement: started, waited for, and ended by id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface Started {
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;

/** Resolves when the child prints `readyText`. */
export async function start(
  command: string,
  args: readonly string[],
  readyText: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  await printed(child, readyText);
  return started(child);
}

/** For programs that print nothing; `untilAccepting` tells when they are ready. */
export function started(child: ChildProcess): Started {
  if (child.pid === undefined) throw new Error('the program could not be started');
  return {
    pid: child.pid,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Resolves when something accepts connections there. */
export async function untilAccepting(port: number): Promise<void> {
  const endsAtMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < endsAtMs) {
    const isAccepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
    if (isAccepted) return;
    await setTimeout(100);
  }
  throw new Error(`nothing listens on port ${port}`);
}

function printed(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = globalThis.setTimeout(() => {
      reject(new Error(`not ready in time; it printed: ${output}`));
    }, READY_TIMEOUT_MS);
    child.stdout?.on('data', (part: Buffer) => {
      output += part.toString();
      if (!output.includes(text)) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${String(code)}; it printed: ${output}`));
    });
  });
}

/** A port below the ephemeral range, so that no outgoing connection takes it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => {
        resolve((server.address() as AddressInfo).port === port);
      });
    });
    server.close();
    if (isFree) return port;
  }
  throw new Error('no free port below 32768 was found');
}
