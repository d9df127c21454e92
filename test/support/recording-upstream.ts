/**
 * A slow MCP server that writes down how many calls it works on at once: in all, by server (its URL's
 * first part) and by user (the call's `user` argument). One recorder stands for several servers, so
 * that its total is the gateway's. A caller that is gone counts from the moment the kernel says so.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseMessage, properAnswer, sendJson, type Message } from './fake-messages.js';
import { nextTurn } from './next-turn.js';

export interface Peaks {
  readonly total: number;
  readonly byServer: ReadonlyMap<string, number>;
  readonly byUser: ReadonlyMap<string, number>;
}

/** How one call is answered. */
export interface Answer {
  readonly delayMs: number;
  /** Default 200: the right result. `never`: the call hangs. */
  readonly status?: number | 'never';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RecordingUpstream {
  url(server: string): string;
  /** Decides for every tool call from now on. */
  onCall(decide: (server: string, message: Message) => Answer): void;
  /** Decides for every other message; default: the right answer at once. */
  onOther(decide: (server: string, message: Message) => Answer): void;
  /** The most at once since the start or the last `forget`. */
  peaks(): Peaks;
  inFlight(): number;
  /** The most connections at once, of all servers; each until its other side closed it. */
  connectionsPeak(): number;
  /** How many were opened. */
  connectionsOpened(): number;
  connections(): number;
  /** Tool calls that arrived, and those answered; by server. */
  calls(server: string): number;
  others(server: string): number;
  /** Of the others, those that only a client sends: health checks come when they like. */
  lists(server: string): number;
  /** The most other messages at once: probes, lists. */
  othersPeak(server: string): number;
  /** Values of executed calls. */
  readonly executed: unknown[];
  forget(): void;
  close(): Promise<void>;
}

class Count {
  #now = 0;
  peak = 0;
  get now(): number {
    return this.#now;
  }
  add(change: 1 | -1): void {
    this.#now += change;
    this.peak = Math.max(this.peak, this.#now);
  }
  forget(): void {
    this.peak = this.#now;
  }
}

const countOf = (counts: Map<string, Count>, key: string): Count => {
  let count = counts.get(key);
  if (count === undefined) {
    count = new Count();
    counts.set(key, count);
  }
  return count;
};

const ANSWER: Answer = { delayMs: 0 };

export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const total = new Count();
  const byServer = new Map<string, Count>();
  const byUser = new Map<string, Count>();
  const calls = new Map<string, number>();
  const others = new Map<string, number>();
  const lists = new Map<string, number>();
  const othersByServer = new Map<string, Count>();
  const executed: unknown[] = [];
  let decideCall: (server: string, message: Message) => Answer = () => ANSWER;
  let decideOther: (server: string, message: Message) => Answer = () => ANSWER;

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const server = (incoming.url ?? '').split('/')[1] ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const message = parseMessage(Buffer.concat(chunks).toString()) ?? {};
    const isCall = message.method === 'tools/call';
    let isOver = false;
    const asked = message.params?.arguments?.['user'];
    const user = typeof asked === 'string' ? asked : '';
    const counts = isCall
      ? [total, countOf(byServer, server), countOf(byUser, user)]
      : [countOf(othersByServer, server)];
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      for (const count of counts) count.add(-1);
    };
    for (const count of counts) count.add(1);
    const arrived = isCall ? calls : others;
    arrived.set(server, (arrived.get(server) ?? 0) + 1);
    if (message.method === 'tools/list') lists.set(server, (lists.get(server) ?? 0) + 1);
    outgoing.once('close', end);
    incoming.socket.once('error', end);
    incoming.socket.once('end', end);
    const { delayMs, status = 200, headers } = (isCall ? decideCall : decideOther)(server, message);
    if (status === 'never') return;
    const answer = (): void => {
      incoming.socket.off('error', end);
      incoming.socket.off('end', end);
      if (isOver) return;
      // Before the answer leaves: what it allows to begin must not be counted beside it.
      end();
      if (status !== 200) {
        sendJson(outgoing, status, '{}', headers);
        return;
      }
      if (isCall) executed.push(message.params?.arguments?.['value']);
      sendJson(outgoing, 200, properAnswer(message), headers);
    };
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  };

  const http = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  let sockets = 0;
  let socketsPeak = 0;
  let opened = 0;
  http.on('connection', (socket) => {
    opened += 1;
    let isCounted = false;
    let isGone = false;
    const gone = (): void => {
      if (isCounted && !isGone) sockets -= 1;
      isGone = true;
    };
    // After the next poll: new connections are taken as long as there are any, also those that came after a goodbye
    // which this poll did not bring.
    void nextTurn().then(() => {
      if (isGone) return;
      isCounted = true;
      sockets += 1;
      socketsPeak = Math.max(socketsPeak, sockets);
    });
    for (const event of ['end', 'error', 'close']) socket.once(event, gone);
  });
  http.keepAliveTimeout = 60_000;
  http.listen(0, '127.0.0.1', 4096);
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;

  return {
    url: (server) => `http://127.0.0.1:${port}/${server}/mcp`,
    executed,
    onCall: (decide) => {
      decideCall = decide;
    },
    onOther: (decide) => {
      decideOther = decide;
    },
    peaks: () => ({
      total: total.peak,
      byServer: new Map(Array.from(byServer, ([server, { peak }]) => [server, peak])),
      byUser: new Map(Array.from(byUser, ([user, { peak }]) => [user, peak])),
    }),
    inFlight: () => total.now,
    connectionsPeak: () => socketsPeak,
    connectionsOpened: () => opened,
    connections: () => sockets,
    calls: (server) => calls.get(server) ?? 0,
    others: (server) => others.get(server) ?? 0,
    lists: (server) => lists.get(server) ?? 0,
    othersPeak: (server) => othersByServer.get(server)?.peak ?? 0,
    forget: () => {
      total.forget();
      socketsPeak = sockets;
      opened = 0;
      for (const counts of [byServer, byUser, othersByServer]) {
        for (const count of counts.values()) count.forget();
      }
      calls.clear();
      others.clear();
      lists.clear();
      executed.length = 0;
    },
    async close() {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
