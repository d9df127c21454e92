/**
 * A TCP proxy between a client and its server that misbehaves on command: it delays every chunk, ends what is
 * open and what is new, or goes silent with its sockets open, as a pulled cable does.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';

export type TcpFault =
  | { readonly kind: 'none' }
  /** Each chunk, in both directions, arrives so much later. */
  | { readonly kind: 'latency'; readonly delayMs: number }
  /**
   * Open connections end, and new ones at once. Not by a reset: Node 20 loses a socket that is destroyed while
   * `resetAndDestroy` waits for its last bytes, and then spins at the end of the process.
   */
  | { readonly kind: 'cut' }
  /** Connections are accepted and stay open, and no byte passes any more. */
  | { readonly kind: 'half-open' };

export interface TcpTarget {
  readonly host: string;
  readonly port: number;
}

export interface TcpFaultProxy {
  readonly port: number;
  set(fault: TcpFault): void;
  /** New connections go there from now on; open ones stay where they are. */
  lead(target: TcpTarget): void;
  /** From now on: how many chunks from clients held this text. */
  count(text: string): () => number;
  /** Connections open towards the client. */
  openCount(): number;
}

/** Ends with `t`. */
export async function startTcpFaultProxy(t: Test, firstTarget: TcpTarget): Promise<TcpFaultProxy> {
  let target = firstTarget;
  let fault: TcpFault = { kind: 'none' };
  const sockets = new Set<Socket>();
  const counters: ((chunk: Buffer) => void)[] = [];
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // A reset is the fault itself; 'close' follows and ends the other side.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const forward = (from: Socket, to: Socket) => {
    let before: Promise<unknown> = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const { kind } = fault;
      const delayMs = fault.kind === 'latency' ? fault.delayMs : 0;
      const due = sleep(delayMs);
      // What a silent line has swallowed stays swallowed, as it would after the peer gave up.
      if (kind === 'half-open') return;
      before = before.then(() => due).then(() => to.writable && to.write(chunk));
    });
    from.on('close', () => to.destroy());
  };
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    keep(client);
    clients.add(client);
    client.on('close', () => clients.delete(client));
    if (fault.kind === 'cut') {
      client.destroy();
      return;
    }
    client.on('data', (chunk: Buffer) => {
      for (const count of counters) count(chunk);
    });
    const upstream = connect({ host: target.host, port: target.port });
    keep(upstream);
    forward(client, upstream);
    forward(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    port: (server.address() as AddressInfo).port,
    count: (text) => {
      let found = 0;
      counters.push((chunk) => {
        if (chunk.includes(text)) found += 1;
      });
      return () => found;
    },
    openCount: () => clients.size,
    lead: (next) => {
      target = next;
    },
    set: (next) => {
      fault = next;
      if (next.kind !== 'cut') return;
      for (const socket of sockets) socket.destroy();
    },
  };
}
