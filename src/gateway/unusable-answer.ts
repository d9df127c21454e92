/**
 * Which answers of an upstream may not reach a client: redirects, refusals of the gateway's own
 * credential, encodings nobody asked for, pages that are not MCP, and answers to another request. Each
 * function returns the error to tell in its place, or null for an answer that may pass.
 */
import { GatewayError } from '../kernel/errors.js';
import { endsLikeJson } from '../mcp/json-end.js';
import { idAtEnds, idAtStart } from '../mcp/answer-id.js';
import { scanMessage, SERVER_SCAN_LIMITS, type JsonRpcId } from '../mcp/scan-message.js';
import { findHeader } from './forward-headers.js';

/** A longer answer is not walked over as a whole when one of its ends tells whose it is. */
const SCANNED_BYTES = 4_096;
const OPEN_BRACKET = 0x5b;

/** Judges status and header fields. `contentType` in lower case; `headers`: a flat list with lower-case names. */
export function unusableHead(
  status: number,
  contentType: string,
  headers: readonly string[],
): GatewayError | null {
  const log = { upstreamStatus: status, contentType };
  if (status === 401 || status === 407) {
    // Passed on, the client would take it for a judgement of its own token.
    return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
      hint: 'The server refused the gateway; its operator must check the configured credentials.',
      log,
    });
  }
  if (status >= 300 && status < 400) return unusable('It answered with a redirect.', log);
  // Which the front would not write: its error then is ours, and without the id.
  if (status >= 600) return unusable(`It answered with the status ${status}.`, log);
  const encoding = findHeader(headers, 'content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    return unusable('It sent an encoding nobody asked for.', log);
  }
  if (status >= 400 && status < 500) return null;
  const isMcp =
    contentType.startsWith('application/json') || contentType.startsWith('text/event-stream');
  if (isMcp || contentType === '' || status === 202 || status === 204) return null;
  return unusable(`It answered ${status} with ${contentType.slice(0, 64)}.`, log);
}

/** Judges a whole JSON answer to request `id`; undefined stands for no body at all. */
export function unusableBody(body: Buffer | undefined, id: JsonRpcId): GatewayError | null {
  if (body === undefined) return null;
  if (!endsLikeJson(body)) return brokenOff();
  if (body[0] === OPEN_BRACKET) return null;
  const found = body.length > SCANNED_BYTES ? idAtEnds(body) : undefined;
  if (found !== undefined) return wrongId(found, id);
  try {
    const answer = scanMessage(body, SERVER_SCAN_LIMITS);
    return answer.kind === 'response' ? wrongId(answer.id, id) : otherRequest();
  } catch (cause) {
    return protocolError('The answer is not JSON-RPC.', cause);
  }
}

/** Judges what has come of an answer that is too long to be collected, as far as that tells. */
export function unusableBeginning(bytes: Buffer, id: JsonRpcId): GatewayError | null {
  const found = idAtStart(bytes);
  return found === undefined ? null : wrongId(found, id);
}

/** Given out, it could not be opened again: its client would begin one session after the other. */
export function sessionIdTooLong(chars: number): GatewayError {
  return protocolError(`Its session id has ${chars} characters, more than can be passed on.`);
}

/** Where only the end of the connection ends an answer, nothing else tells that half of it is missing. */
export function brokenOff(): GatewayError {
  return protocolError('Its answer ended in the middle.');
}

/** To a call that its client cancelled this is the right end, and nobody here knows of cancellations. */
export function endedUnanswered(): GatewayError {
  return new GatewayError('GW_UPSTREAM_PROTOCOL', {
    hint: 'Its event stream ended without the answer.',
    log: { endedUnanswered: true },
  });
}

/** A null id is an error about a request that could not be read (JSON-RPC 2.0 §5). */
function wrongId(found: JsonRpcId | null, id: JsonRpcId): GatewayError | null {
  return found === id || found === null ? null : otherRequest();
}

function otherRequest(): GatewayError {
  return protocolError('The answer is for another request.');
}

function unusable(hint: string, log: Readonly<Record<string, unknown>>): GatewayError {
  return new GatewayError('GW_UPSTREAM_PROTOCOL', { hint, log });
}

function protocolError(hint: string, cause?: unknown): GatewayError {
  return new GatewayError('GW_UPSTREAM_PROTOCOL', { hint, cause });
}
