/** Opens sessions by `initialize`, as a client of revision 2025-06-18 does, and tells their ids. */
import { Agent, request } from 'node:http';

export interface OpenSessionsOptions {
  readonly port: number;
  readonly path: string;
  readonly count: number;
  /** Of the n-th session. */
  readonly credential: (n: number) => string;
}

export const LEGACY_HEADERS = [
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
  'MCP-Protocol-Version: 2025-06-18',
];

const AT_ONCE = 20;
const TIMEOUT_MS = 10_000;

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'perf', version: '1' },
  },
});

/** Throws when one is refused: what is measured afterwards would not be what it claims. */
export async function openSessions(options: OpenSessionsOptions): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const ids: string[] = [];
  let next = 0;
  const openSome = async (): Promise<void> => {
    while (next < options.count) {
      const n = next;
      next += 1;
      ids[n] = await openOne(options, n, agent);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  } finally {
    agent.destroy();
  }
  return ids;
}

function openOne(options: OpenSessionsOptions, n: number, agent: Agent): Promise<string> {
  const { port, path, credential } = options;
  const lines = [...LEGACY_HEADERS, `Authorization: Bearer ${credential(n)}`];
  const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', agent, headers, timeout: TIMEOUT_MS },
      (incoming) => {
        const id = incoming.headers['mcp-session-id'];
        incoming.resume();
        incoming.once('close', () => {
          if (typeof id === 'string' && incoming.complete) resolve(id);
          else reject(new Error(`session ${n} was answered with ${incoming.statusCode}`));
        });
      },
    );
    sent.once('timeout', () => {
      sent.destroy(new Error(`session ${n} was not answered`));
    });
    sent.once('error', reject);
    sent.end(INITIALIZE);
  });
}
