/**
 * Asks a server whether it is well again, with the one message that changes nothing in any revision:
 * `server/discover` (2026-07-28). A server of an earlier revision refuses it with a 4xx or a JSON-RPC
 * error and is as alive as one that answers; `initialize` would leave a session behind at each probe.
 */
import type { UpstreamTransport } from '../upstream/transport.js';
import { askUpstream } from './ask-upstream.js';

const REVISION = '2026-07-28';
/** Shorter than the breaker's own bound, so that its answer is in time. */
const PROBE_TIMEOUT_MS = 5000;

const QUESTION = {
  method: 'POST',
  headers: ['mcp-protocol-version', REVISION, 'mcp-method', 'server/discover'],
  message: {
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
  },
  timeoutMs: PROBE_TIMEOUT_MS,
} as const;

/** Whether the server answered, with whatever is no 5xx. Never rejects; at most 5 s. */
export async function probeServer(transport: UpstreamTransport): Promise<boolean> {
  try {
    const { status } = await askUpstream(transport, QUESTION);
    return status < 500;
  } catch {
    return false; // It cannot be reached, says nothing, or says what is no HTTP.
  }
}
