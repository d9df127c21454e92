/** The same stdio server behind the gateway and behind other gateways. */
import { fileURLToPath } from 'node:url';
import { measureHops, type Call, type HopCost, type HopTarget } from '../hop-cost.js';
import type { Part } from '../part.js';
import { openBench } from '../targets/bench.js';
import { installPeers, PEERS, startPeer, type Peer } from '../targets/peers.js';

const CHILD = fileURLToPath(new URL('../targets/echo-stdio.js', import.meta.url));
const REVISION = '2025-06-18';
const FILLER = 'x'.repeat(60);

/** Ids differ: several peers hand an answer to the wrong one of two calls with the same id. */
const mcpCall: Call = {
  body: (n) =>
    `{"jsonrpc":"2.0","id":${n + 1},"method":"tools/call","params":{"name":"echo","arguments":{"text":"call ${n} ${FILLER}"}}}`,
  isRight: (n, status, body) => status === 200 && body.includes(`"text":"call ${n} `),
};
const restCall: Call = {
  body: (n) => `{"server_name":"stdio","tool":"echo","arguments":{"text":"call ${n} ${FILLER}"}}`,
  isRight: mcpCall.isRight,
};

export const peers: Part = {
  name: 'peers',
  about: 'one stdio server behind the gateway and behind other gateways',
  run: async ({ isQuick, workers }) => {
    installPeers();
    await using bench = await openBench({
      workers,
      servers: { stdio: { command: process.execPath, args: [CHILD] } },
    });
    const running: Peer[] = [];
    try {
      const own = bench.gateway('this gateway', bench.apiKey, 'stdio');
      const targets = [{ target: await withSession(own), call: mcpCall }];
      for (const name of Object.keys(PEERS) as (keyof typeof PEERS)[]) {
        const peer = await startPeer(name, CHILD);
        running.push(peer);
        const target = { ...peer, headers: JSON_HEADERS };
        if (peer.speaks === 'rest') targets.push({ target, call: restCall });
        else targets.push({ target: await withSession(target), call: mcpCall });
      }
      const costs = await measureHops(
        targets.map(({ target, call }) => ({ ...target, call })),
        {
          call: mcpCall,
          connections: 50,
          calls: isQuick ? 500 : 3_000,
          warmUpCalls: isQuick ? 1_000 : 20_000,
          rounds: isQuick ? 2 : 5,
        },
      );
      return [
        {
          title: 'The same stdio server behind other gateways',
          method: `Revision ${REVISION}, one session, 50 connections, ids that differ; CPU of the whole process tree, child included. mcp-hub is called over its own REST interface. None of the others authenticates, limits or logs here; this gateway does.`,
          columns: [
            'gateway',
            'CPU µs/call',
            'ratio',
            'p50 ms',
            'p99 ms',
            'calls/s',
            'wrong or lost',
          ],
          rows: costs.map(rowOf),
          plot: 'CPU µs/call',
        },
      ];
    } finally {
      for (const peer of running) await peer.stop();
    }
  },
};

function rowOf(cost: HopCost): (string | number)[] {
  return [
    cost.name,
    cost.cpuMicrosPerCall,
    cost.ratioToFirst,
    cost.p50Ms,
    cost.p99Ms,
    cost.callsPerSecond,
    cost.wrong + cost.lost,
  ];
}

const JSON_HEADERS = [
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
  `MCP-Protocol-Version: ${REVISION}`,
];

/** The target with the headers of a session of its own. */
async function withSession(target: HopTarget): Promise<HopTarget> {
  const credential = target.headers.filter((line) => line.startsWith('Authorization'));
  const url = `http://127.0.0.1:${target.port}${target.path}`;
  const headers = [...JSON_HEADERS, ...credential];
  const post = (message: object, more: readonly string[] = []): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: [...headers, ...more].map((line) => line.split(': ') as [string, string]),
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      signal: AbortSignal.timeout(15_000),
    });
  const clientInfo = { name: 'perf', version: '1.0.0' };
  const answer = await post({
    id: 0,
    method: 'initialize',
    params: { protocolVersion: REVISION, capabilities: {}, clientInfo },
  });
  await answer.text();
  const session = answer.headers.get('mcp-session-id');
  if (session === null) throw new Error(`${target.name} began no session: ${answer.status}`);
  const sessionHeader = `Mcp-Session-Id: ${session}`;
  await post({ method: 'notifications/initialized' }, [sessionHeader]).then((r) => r.text());
  return { ...target, headers: [...headers, sessionHeader] };
}
