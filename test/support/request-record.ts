import type { RequestId } from '../../src/kernel/ids.js';
import type { RequestRecord } from '../../src/telemetry/request-record.js';

/** A call of ana's that went well, but for what the test changes. */
export function requestRecord(more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'r-1' as RequestId,
    server: 'files',
    user: 'ana',
    clientAddress: '127.0.0.1',
    httpMethod: 'POST',
    method: 'tools/call',
    target: 'echo',
    status: 200,
    reason: 'ok',
    bytes: 100,
    totalMs: 4,
    queueMs: 0,
    upstreamMs: 3,
    beforeMs: 0.5,
    isListening: false,
    error: null,
    ...more,
  };
}
