/**
 * A TCP port on 127.0.0.1 that nothing listens on. Chosen below 32768, where Linux does not take
 * ports for outgoing connections, so that no client socket can sit on it before the server does.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOWEST = 20_000;
const HIGHEST = 32_767;
const MAX_ATTEMPTS = 50;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST}`);
}

/** Whether a server could listen there now. */
export async function canListen(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false; // EADDRINUSE: that is the answer.
  } finally {
    server.close();
  }
}
