/**
 * Every error the gateway itself can answer with: one table, one class.
 * `message` is an allow-list: it and `hint` are all a client ever sees. `cause` and `log` go to
 * the log with the request id. An upstream's own JSON-RPC error is not ours and passes untouched.
 * Codes and statuses: MCP 2026-07-28 basic/transports and PROTOCOL table of the design; docs/errors.md
 * says the same to people, kept equal by a test.
 */

export interface ErrorRow {
  /** HTTP status of the reply. */
  readonly http: number;
  /** JSON-RPC code on MCP routes. -32020…-32099 only where the specification names the code. */
  readonly jsonRpc: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly message: string;
}

const row = (http: number, jsonRpc: number, retryable: boolean, message: string): ErrorRow => ({
  http,
  jsonRpc,
  retryable,
  message,
});

export const ERRORS = {
  GW_PARSE: row(400, -32700, false, 'The body is not valid JSON.'),
  GW_BAD_REQUEST: row(400, -32600, false, 'The request is not valid.'),
  GW_BAD_PARAMS: row(400, -32602, false, 'The parameters are not valid.'),
  GW_HEADER_MISMATCH: row(400, -32020, false, 'A header does not match the body.'),
  GW_VERSION_UNSUPPORTED: row(400, -32022, false, 'The protocol version is not supported.'),
  GW_HOST_REFUSED: row(403, -32000, false, 'This Host or Origin is not allowed.'),
  GW_METHOD_NOT_ALLOWED: row(405, -32000, false, 'This HTTP method is not allowed here.'),
  GW_NOT_ACCEPTABLE: row(406, -32000, false, 'The Accept header admits no reply we can give.'),
  GW_BODY_TIMEOUT: row(408, -32000, true, 'The request body did not arrive in time.'),
  GW_CONFLICT: row(409, -32000, true, 'Another stream of this session is already open.'),
  GW_LENGTH_REQUIRED: row(411, -32600, false, 'The request needs a Content-Length.'),
  GW_BODY_TOO_LARGE: row(413, -32000, false, 'The request body is too large.'),
  GW_MEDIA_TYPE: row(415, -32000, false, 'The Content-Type must be application/json.'),
  GW_HEADERS_TOO_LARGE: row(431, -32000, false, 'The request headers are too large.'),
  GW_UNAUTHENTICATED: row(401, -32000, false, 'Authentication is required.'),
  GW_FORBIDDEN: row(403, -32000, false, 'This identity may not do that.'),
  GW_CREDENTIAL_MISSING: row(403, -32000, false, 'This server needs a credential of this user.'),
  GW_ROUTE_UNKNOWN: row(404, -32000, false, 'There is nothing at this path.'),
  GW_SERVER_UNKNOWN: row(404, -32000, false, 'No such server.'),
  GW_SESSION_REQUIRED: row(400, -32000, false, 'The request needs an Mcp-Session-Id header.'),
  GW_SESSION_UNKNOWN: row(404, -32001, false, 'The session is not known.'),
  GW_TOOL_UNKNOWN: row(200, -32602, false, 'Unknown tool.'),
  GW_RATE_LIMITED: row(429, -32005, true, 'Rate limit reached.'),
  GW_USER_BUSY: row(429, -32005, true, 'Too many requests of this user are in flight.'),
  GW_SHED: row(503, -32006, true, 'The gateway is saturated.'),
  GW_BULKHEAD_FULL: row(503, -32006, true, 'The server is saturated.'),
  GW_QUEUE_TIMEOUT: row(503, -32006, true, 'No connection became free in time.'),
  GW_SLOW_READER: row(503, -32006, true, 'The reply was read too slowly.'),
  GW_CIRCUIT_OPEN: row(503, -32007, true, 'The server is failing; the circuit breaker is open.'),
  GW_DRAINING: row(503, -32008, true, 'The gateway or this server is being stopped or restarted.'),
  GW_STORE_UNAVAILABLE: row(503, -32009, true, 'The identity store is unavailable.'),
  GW_UPSTREAM_TIMEOUT: row(504, -32010, true, 'The server did not answer in time.'),
  GW_UPSTREAM_UNREACHABLE: row(502, -32011, true, 'The server cannot be reached.'),
  GW_UPSTREAM_PROTOCOL: row(502, -32012, false, 'The server broke the protocol.'),
  GW_INTERNAL: row(500, -32603, false, 'Internal error.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface GatewayErrorOptions {
  /** One client-safe sentence that says what to do; appended to the table's message. */
  readonly hint?: string;
  /** Client-safe members that join `error.data` (for example `supported`, `requested`). */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Milliseconds after which the same request may be admitted; becomes `Retry-After`. */
  readonly retryAfterMs?: number;
  /** Client-safe reply headers (for example `WWW-Authenticate`, `Allow`). */
  readonly headers?: Readonly<Record<string, string>>;
  /** Log-only facts; never sent to a client. */
  readonly log?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The only error the request path turns into a reply; anything else becomes `GW_INTERNAL`. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly row: ErrorRow;
  readonly options: GatewayErrorOptions;

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const { message } = ERRORS[code];
    // Most of these are refusals, and a stack costs ten times the rest of the object (5.4 against 0.5 µs,
    // measured). What was not expected brings its own stack as the cause.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(options.hint === undefined ? message : `${message} ${options.hint}`, {
      cause: options.cause,
    });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'GatewayError';
    this.code = code;
    this.row = ERRORS[code];
    this.options = options;
  }
}

/** Wraps what is not a `GatewayError` as `GW_INTERNAL`, keeping it as the cause for the log. */
export function asGatewayError(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError
    ? thrown
    : new GatewayError('GW_INTERNAL', { cause: thrown });
}
