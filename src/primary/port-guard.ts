/**
 * Makes sure that one gateway serves a port. uWebSockets.js listens with SO_REUSEPORT, so a second
 * program on the same port would start in silence and take half of the connections (measured). The
 * primary binds the port once without it, and holds an abstract unix socket named after host and port
 * for its lifetime, so that two gateways cannot pass the probe together. The kernel frees it at death.
 */
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { findListener, type PortHolder } from '../kernel/find-listener.js';

export class PortHeldError extends Error {
  readonly holder: PortHolder;

  constructor(host: string, port: number, holder: PortHolder) {
    super(`Port ${host}:${port} is held by ${holder.description}.`);
    this.name = 'PortHeldError';
    this.holder = holder;
  }
}

export interface PortLock {
  /** The port to serve: the one asked for, or a free one for 0. */
  readonly port: number;
  release(): void;
}

/** Rejects with PortHeldError, or with the system's error (EACCES, EADDRNOTAVAIL). */
export async function acquirePort(
  host: string,
  port: number,
  aboutMe: { readonly configPath: string | null },
): Promise<PortLock> {
  // A free port is nobody's to share: bind first to learn it. A given port is locked first.
  const probed = port === 0 ? await bindOnce(host, 0) : port;
  const lock = await holdLock(host, probed, JSON.stringify({ pid: process.pid, ...aboutMe }));
  if (port !== 0) {
    try {
      await bindOnce(host, port);
    } catch (error) {
      lock.close();
      if (isErrno(error, 'EADDRINUSE')) {
        throw new PortHeldError(host, port, await findListener(port));
      }
      throw error;
    }
  }
  return { port: probed, release: () => lock.close() };
}

function bindOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const bound = (server.address() as AddressInfo).port;
      server.close(() => {
        resolve(bound);
      });
    });
  });
}

async function holdLock(host: string, port: number, about: string): Promise<Server> {
  const path = `\0multi-mcp:${host}:${port}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(about);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (!isErrno(error, 'EADDRINUSE')) reject(error);
      else
        void askLockHolder(path).then((holder) => {
          reject(new PortHeldError(host, port, holder));
        });
    });
    server.listen({ path }, () => {
      server.unref();
      resolve(server);
    });
  });
}

const ASK_TIMEOUT_MS = 500;

/** The other gateway says who it is. Never rejects. */
function askLockHolder(path: string): Promise<PortHolder> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ path });
    const settle = (): void => {
      socket.destroy();
      resolve(describeGateway(text));
    };
    socket.setTimeout(ASK_TIMEOUT_MS, settle);
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text = (text + part).slice(0, 4096);
    });
    socket.once('error', settle);
    socket.once('end', settle);
  });
}

function describeGateway(text: string): PortHolder {
  const unknown = { pid: null, description: 'another Multi-MCP gateway' };
  try {
    const about: unknown = JSON.parse(text);
    if (typeof about !== 'object' || about === null || !('pid' in about)) return unknown;
    const pid = Number(about.pid);
    const config = 'configPath' in about ? String(about.configPath) : 'no file';
    return { pid, description: `another Multi-MCP gateway, pid ${pid}, configuration ${config}` };
  } catch {
    return unknown; // It was ending, or speaks another version.
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
