/**
 * Asks a server whether it is well again, with the one message that changes nothing in any revision:
 * `server/discover` (2026-07-28). A server of an earlier revision refuses it with a 4xx or a JSON-RPC
 * error and is as alive as one that answers; `initialize` would leave a session behind at each probe.
 */
import type { UpstreamExchange, UpstreamTransport } from '../upstream/transport.js';

const REVISION = '2026-07-28';
/** Shorter than the breaker's own bound, so that its answer is in time. */
const PROBE_TIMEOUT_MS = 5000;

const HEADERS = [
  'content-type',
  'application/json',
  'accept',
  'application/json, text/event-stream',
  'mcp-protocol-version',
  REVISION,
  'mcp-method',
  'server/discover',
];

const BODY = Buffer.from(
  JSON.stringify({
    jsonrpc: '2.0',
    id: 'probe',
    method: 'server/discover',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': REVISION,
        'io.modelcontextprotocol/clientInfo': { name: 'multi-mcp-probe', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }),
);

/** Whether the server answered, with whatever is no 5xx. Never rejects; at most 5 s. */
export function probeServer(transport: UpstreamTransport): Promise<boolean> {
  return new Promise((resolve) => {
    let exchange: UpstreamExchange | null = null;
    let isOver = false;
    const end = (isAlive: boolean): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      resolve(isAlive);
      exchange?.abort();
    };
    const timer = setTimeout(() => {
      end(false);
    }, PROBE_TIMEOUT_MS);
    let isAlive = false;
    try {
      exchange = transport.dispatch(
        {
          method: 'POST',
          headers: HEADERS,
          body: BODY,
          user: '',
          credential: null,
          headTimeoutMs: PROBE_TIMEOUT_MS,
          idleTimeoutMs: PROBE_TIMEOUT_MS,
        },
        {
          onHead: (status) => {
            isAlive = status < 500;
          },
          onData: () => true,
          onEnd: () => {
            end(isAlive);
          },
          onError: () => {
            end(false);
          },
        },
      );
    } catch {
      end(false); // It cannot even be reached.
    }
  });
}
