/** 10,000 open event streams on which nothing happens but the heartbeat: what each holds in memory. */
import { openAll } from '../load/burst.js';
import type { Part } from '../part.js';
import { treeRssBytes } from '../process-tree.js';
import { openBench } from '../targets/bench.js';

const STREAMS_PER_USER = 20;
const HEARTBEAT_MS = 2_000;
const HEADERS = ['Accept: text/event-stream', 'MCP-Protocol-Version: 2025-06-18'];

export const streams: Part = {
  name: 'streams',
  about: '10,000 idle event streams: memory of each, heartbeats received',
  run: async ({ isQuick, workers }) => {
    const connections = isQuick ? 1_000 : 10_000;
    await using bench = await openBench({
      workers,
      http: {
        maxStreams: connections,
        maxStreamsPerUser: STREAMS_PER_USER,
        sseHeartbeat: HEARTBEAT_MS,
      },
    });
    const { pid, port, path } = bench.gateway('gateway', '');
    const users = Math.ceil(connections / STREAMS_PER_USER);
    const tokens = Array.from({ length: users }, (_, user) => bench.token(`user-${user}`));
    const emptyBytes = treeRssBytes(pid);
    const sockets = await openAll({ port, connections });
    const connectedBytes = treeRssBytes(pid);
    let opened = 0;
    let refused = 0;
    let beats = 0;
    await new Promise<void>((resolve) => {
      for (const [n, socket] of sockets.entries()) {
        let isOpen = false;
        socket.on('data', (chunk: Buffer) => {
          const text = chunk.toString('latin1');
          if (!isOpen) {
            isOpen = true;
            if (text.startsWith('HTTP/1.1 200')) opened += 1;
            else refused += 1;
          }
          beats += text.split(': keep-alive').length - 1;
        });
        const headers = [...HEADERS, `Authorization: Bearer ${tokens[n % users] ?? ''}`];
        socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      }
      setTimeout(resolve, 20_000);
    });
    const before = beats;
    await new Promise((resolve) => setTimeout(resolve, 5 * HEARTBEAT_MS));
    const openBytes = treeRssBytes(pid);
    const closed = sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
    for (const socket of sockets) socket.destroy();
    const kib = (bytes: number): number => bytes / 1024 / connections;
    return [
      {
        title: `${connections} idle event streams`,
        method: `GET streams of ${users} users, each relayed from a stream of its own at the upstream; a heartbeat every ${HEARTBEAT_MS / 1000} s. Heartbeats: received by a stream during ten seconds, where 5 are due. KiB: growth of the gateway’s own memory by stream.`,
        columns: [
          'streams',
          'open',
          'refused',
          'closed',
          'heartbeats',
          'KiB connected',
          'KiB streaming',
        ],
        rows: [
          [
            String(connections),
            opened,
            refused,
            closed,
            (beats - before) / Math.max(1, opened),
            kib(connectedBytes - emptyBytes),
            kib(openBytes - emptyBytes),
          ],
        ],
      },
    ];
  },
};
