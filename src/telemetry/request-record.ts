/** What is known of one MCP request when it is over. The log and the metrics are made from it. */
import type { GatewayError } from '../kernel/errors.js';
import type { RequestId } from '../kernel/ids.js';

export interface RequestRecord {
  readonly requestId: RequestId;
  readonly server: string;
  readonly user: string | null;
  readonly clientAddress: string;
  readonly httpMethod: string;
  /** JSON-RPC method; empty for GET, DELETE and bodies that were not understood. */
  readonly method: string;
  /** `params.name` of a call; null otherwise. */
  readonly target: string | null;
  readonly status: number;
  /** `ok`, `client-closed`, or the code of the error the gateway answered with. */
  readonly reason: string;
  readonly bytes: number;
  readonly totalMs: number;
  readonly queueMs: number;
  /** From dispatch to the upstream's last byte, of the last attempt; 0 when none was made. */
  readonly upstreamMs: number;
  /** What the gateway and the client's upload took before the dispatch, without the queue; -1: not known. */
  readonly beforeMs: number;
  /** A stream that lives until someone ends it. */
  readonly isListening: boolean;
  /** For the log only: what an error was caused by. */
  readonly error: GatewayError | null;
}
