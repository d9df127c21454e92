/**
 * What every HTTP request must satisfy before anything else looks at it, on either front: framing
 * that cannot be read two ways (RFC 9112 section 6; uWebSockets.js accepts several such forms),
 * decision headers that occur once, a known method, Host and Origin that are ours. Requirements U1-U3
 * and threats 1, 13, 22; pure, so the whole table is tested without a socket.
 */
import { HostRules, parseHost, type Authority, type HostRulesOptions } from './host-rules.js';
import type { Refusal } from './refusal.js';

export interface HeaderGateOptions extends HostRulesOptions {
  /** Request line and header lines together. */
  readonly maxHeaderBytes: number;
  readonly chunkedRequests: boolean;
}

export interface GateRequest {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Name, value, name, value; names in lower case. */
  readonly headers: readonly string[];
}

/** How the body of an admitted request is framed. */
export interface Framing {
  /** Bytes announced; 0 when there is no body, -1 when it is chunked. */
  readonly contentLength: number;
  readonly isChunked: boolean;
  /** A header was seen that only a proxy writes, so the peer is not the client itself. */
  readonly hasForwarding: boolean;
  /** The Host is an address, a loopback name or one that is listed: nobody can have rebound it. */
  readonly hasTrustedHost: boolean;
}

/** More than this many lines are refused; uWebSockets.js gives up at about 98. */
const MAX_HEADER_LINES = 96;
const LINE_OVERHEAD_BYTES = 4;
const ALLOWED_METHODS = new Set(['GET', 'POST', 'DELETE', 'OPTIONS', 'HEAD']);
const ALLOW = 'GET, POST, DELETE, OPTIONS, HEAD';
const CONTENT_LENGTH = /^[0-9]{1,16}$/;
const VISIBLE_PATH = /^\/[\x21-\x7e]*$/;
const VISIBLE_QUERY = /^[\x21-\x7e]*$/;
const CREDENTIAL = /^[\x20-\x7e]*$/;

/** A bit for each header that decides something: a second one could be read differently elsewhere. */
const ONCE: ReadonlyMap<string, number> = new Map(
  [
    'content-length',
    'transfer-encoding',
    'host',
    'authorization',
    'origin',
    'content-type',
    'x-api-key',
    'content-encoding',
    'mcp-session-id',
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
  ].map((name, index) => [name, 1 << index] as const),
);
const bitOf = (name: string): number => ONCE.get(name) ?? 0;
const CONTENT_LENGTH_BIT = bitOf('content-length');
const TRANSFER_ENCODING_BIT = bitOf('transfer-encoding');
const HOST_BIT = bitOf('host');
const AUTHORIZATION_BIT = bitOf('authorization');
const ORIGIN_BIT = bitOf('origin');
const API_KEY_BIT = bitOf('x-api-key');
const CONTENT_ENCODING_BIT = bitOf('content-encoding');
const SESSION_BIT = bitOf('mcp-session-id');

const PROXY_HEADERS = new Set(['forwarded', 'via', 'x-real-ip', 'x-client-ip']);

/** Headers that only a proxy in front of us writes; believed only from a trusted one. */
export function isProxyHeader(name: string): boolean {
  return (
    name.startsWith('x-forwarded-') || name.startsWith('x-gateway-') || PROXY_HEADERS.has(name)
  );
}

const bad = (hint: string): Refusal => ({ code: 'GW_BAD_REQUEST', hint });

export class HeaderGate {
  readonly #options: HeaderGateOptions;
  readonly #hosts: HostRules;
  /** The last Host that passed; most requests carry the same one. */
  #lastHost = '';
  #lastAuthority: Authority = { name: '', port: undefined };
  #isLastTrusted = false;

  constructor(options: HeaderGateOptions) {
    this.#options = options;
    this.#hosts = new HostRules(options);
  }

  /** A `code` in the result means refused. */
  inspect(request: GateRequest): Framing | Refusal {
    const { headers, method } = request;
    let bytes = method.length + request.path.length + request.query.length;
    let seen = 0;
    let hasForwarding = false;
    let length = '';
    let coding = '';
    let host = '';
    let origin: string | undefined;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] ?? '';
      const value = headers[index + 1] ?? '';
      bytes += name.length + value.length + LINE_OVERHEAD_BYTES;
      const bit = ONCE.get(name);
      if (bit === undefined) {
        const refusal = this.#inspectOther(headers, index, name);
        if (refusal !== undefined) return refusal;
        hasForwarding ||= isProxyHeader(name);
        continue;
      }
      if ((seen & bit) !== 0) return bad(`The header ${name} must not be repeated.`);
      seen |= bit;
      if (bit === CONTENT_LENGTH_BIT) length = value;
      else if (bit === TRANSFER_ENCODING_BIT) coding = value;
      else if (bit === HOST_BIT) host = value;
      else if (bit === ORIGIN_BIT) origin = value;
      else if (bit === CONTENT_ENCODING_BIT && value.toLowerCase() !== 'identity') {
        return { code: 'GW_MEDIA_TYPE', hint: 'Send the body without Content-Encoding.' };
      } else if (
        (bit === AUTHORIZATION_BIT || bit === API_KEY_BIT || bit === SESSION_BIT) &&
        !CREDENTIAL.test(value)
      ) {
        return bad(`The header ${name} must be visible ASCII.`);
      }
    }
    if (bytes > this.#options.maxHeaderBytes || headers.length > 2 * MAX_HEADER_LINES) {
      return { code: 'GW_HEADERS_TOO_LARGE' };
    }
    if (!ALLOWED_METHODS.has(method)) {
      return { code: 'GW_METHOD_NOT_ALLOWED', headers: { allow: ALLOW } };
    }
    if (!VISIBLE_PATH.test(request.path) || !VISIBLE_QUERY.test(request.query)) {
      return bad('The request target must be a path of visible ASCII.');
    }
    return (
      this.#inspectHost(host, origin) ??
      this.#inspectFraming(method, seen, length, coding) ?? {
        contentLength: coding === '' ? Number(length) : -1,
        isChunked: coding !== '',
        hasForwarding,
        hasTrustedHost: this.#isLastTrusted,
      }
    );
  }

  #inspectOther(headers: readonly string[], index: number, name: string): Refusal | undefined {
    if (name.includes('_') || name === '') return bad('Header names must not contain "_".');
    if (!name.startsWith('mcp-')) return undefined;
    for (let before = 0; before < index; before += 2) {
      if (headers[before] === name) return bad(`The header ${name} must not be repeated.`);
    }
    return undefined;
  }

  #inspectHost(host: string, origin: string | undefined): Refusal | undefined {
    if (host !== this.#lastHost || host === '') {
      const authority = parseHost(host);
      if (authority === undefined) return bad('The request needs one valid Host header.');
      if (!this.#hosts.isHostAllowed(authority)) {
        return { code: 'GW_HOST_REFUSED', hint: 'The operator can add this Host to allowedHosts.' };
      }
      this.#lastHost = host;
      this.#lastAuthority = authority;
      this.#isLastTrusted = this.#hosts.isHostTrusted(authority);
    }
    if (origin !== undefined && !this.#hosts.isOriginAllowed(origin, this.#lastAuthority)) {
      return {
        code: 'GW_HOST_REFUSED',
        hint: 'The operator can add this Origin to allowedOrigins.',
      };
    }
    return undefined;
  }

  #inspectFraming(
    method: string,
    seen: number,
    length: string,
    coding: string,
  ): Refusal | undefined {
    const hasLength = (seen & CONTENT_LENGTH_BIT) !== 0;
    const hasCoding = (seen & TRANSFER_ENCODING_BIT) !== 0;
    if (hasLength && hasCoding)
      return bad('Content-Length and Transfer-Encoding exclude each other.');
    if (hasLength && !CONTENT_LENGTH.test(length)) return bad('Content-Length must be digits.');
    if (hasCoding && coding !== 'chunked') return bad('Transfer-Encoding must be "chunked".');
    if (method === 'POST') {
      if (!hasLength && !hasCoding) return { code: 'GW_LENGTH_REQUIRED' };
      if (hasCoding && !this.#options.chunkedRequests) return { code: 'GW_LENGTH_REQUIRED' };
      return undefined;
    }
    if (hasCoding || Number(length) > 0) return bad(`A ${method} request must not have a body.`);
    return undefined;
  }
}
