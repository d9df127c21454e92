/** A host server and a link to it in one process: real frames over a real unix socket. */
import pino from 'pino';
import { createHostServer, type HostServer } from '../../src/host/host-server.js';
import type { HostEndpoint, HostExchange } from '../../src/host/host-exchange.js';
import { createHostLink, type HostLink } from '../../src/upstream/host-link.js';
import { socketPath } from './socket-path.js';

export interface HostPair {
  readonly path: string;
  readonly server: HostServer;
  readonly link: HostLink;
}

export interface HostPairOptions {
  readonly streamBufferBytes?: number;
  readonly maxBodyBytes?: number;
}

export function endpointOf(handle: (exchange: HostExchange) => void): HostEndpoint {
  return { handle, close: () => Promise.resolve() };
}

export async function hostPair(
  t: { teardown(release: () => unknown): void },
  endpoints: Readonly<Record<string, (exchange: HostExchange) => void>>,
  options: HostPairOptions = {},
): Promise<HostPair> {
  const path = socketPath(t);
  const server = startedServer(path, endpoints, options);
  await server.listen();
  const link = createHostLink({ socketPath: path });
  t.teardown(async () => {
    await link.close();
    await server.close();
  });
  return { path, server, link };
}

export function startedServer(
  path: string,
  endpoints: Readonly<Record<string, (exchange: HostExchange) => void>>,
  options: HostPairOptions = {},
): HostServer {
  return createHostServer({
    socketPath: path,
    endpoints: new Map(
      Object.entries(endpoints).map(([name, handle]) => [name, endpointOf(handle)]),
    ),
    streamBufferBytes: options.streamBufferBytes ?? 64 * 1024,
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    log: pino({ level: 'silent' }),
  });
}
