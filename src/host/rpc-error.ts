/**
 * An error that a module's protocol layer answers a request with. Codes are those of JSON-RPC 2.0 and
 * MCP 2026-07-28 (basic, "Error Codes"); the gateway's own errors are GatewayError and never these.
 */

export const INVALID_PARAMS = -32602;
export const METHOD_NOT_FOUND = -32601;
export const INTERNAL_ERROR = -32603;
/** Revisions before 2026-07-28; the modern ones say -32602. */
export const LEGACY_RESOURCE_NOT_FOUND = -32002;
export const UNSUPPORTED_VERSION = -32022;

export class RpcError extends Error {
  readonly code: number;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(code: number, message: string, data?: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}
