/**
 * The gateway's own access token for one server: OAuth 2.1 client credentials (RFC 6749 §4.4) with a resource
 * indicator (RFC 8707). Kept until shortly before its end; however many calls need a new one, the issuer is
 * asked once. Callers' tokens have no part in it.
 */
import { request } from 'undici';
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { boundedText } from './bounded-text.js';

export interface ClientCredentialsOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** The server as the issuer names it. */
  readonly resource: string;
  readonly clientAuthentication: 'basic' | 'post';
  readonly nowMs?: () => number;
}

interface Issued {
  readonly token: string;
  readonly issuedAtMs: number;
  readonly freshUntilMs: number;
}

const REQUEST_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 65_536;
/** Where the issuer does not say (RFC 6749 §5.1 only recommends it). */
const DEFAULT_LIFETIME_SECONDS = 300;
/** A token is replaced this long before its end, or at nine tenths of a short life. */
const RENEW_EARLY_MS = 30_000;
/** After a failure the issuer is left alone for so long. */
const PAUSE_MS = 1000;
/** A token that is refused so soon after it was issued is not the problem. */
const TOO_YOUNG_TO_REPLACE_MS = 5000;

export class ClientCredentials {
  readonly #options: ClientCredentialsOptions;
  readonly #nowMs: () => number;
  #issued: Issued | null = null;
  #asking: Promise<string> | null = null;
  #failure: GatewayError | null = null;
  #pausedUntilMs = 0;

  constructor(options: ClientCredentialsOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  /** The token at hand; null when a new one is due. */
  current(): string | null {
    const issued = this.#issued;
    return issued !== null && this.#nowMs() < issued.freshUntilMs ? issued.token : null;
  }

  /** Rejects with GW_UPSTREAM_UNREACHABLE (`sent: false`) when the issuer gives none. */
  get(): Promise<string> {
    const current = this.current();
    if (current !== null) return Promise.resolve(current);
    if (this.#failure !== null && this.#nowMs() < this.#pausedUntilMs) {
      return Promise.reject(this.#failure);
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** The server refused the token. The next one, or null where another would fare no better. */
  afterRefusal(token: string): Promise<string> | null {
    const issued = this.#issued;
    if (issued?.token === token) {
      if (this.#nowMs() - issued.issuedAtMs < TOO_YOUNG_TO_REPLACE_MS) return null;
      this.#issued = null;
    }
    return this.get();
  }

  async #ask(): Promise<string> {
    try {
      const issued = readToken(await this.#request(), this.#nowMs());
      this.#issued = issued;
      this.#failure = null;
      return issued.token;
    } catch (cause) {
      this.#failure = new GatewayError('GW_UPSTREAM_UNREACHABLE', {
        cause,
        hint: 'The gateway got no access token for it. The request was not sent.',
        log: { sent: false, upstreamError: 'no access token', tokenUrl: this.#options.tokenUrl },
      });
      this.#pausedUntilMs = this.#nowMs() + PAUSE_MS;
      throw this.#failure;
    }
  }

  async #request(): Promise<string> {
    const { tokenUrl, clientId, clientSecret, scopes, resource, clientAuthentication } =
      this.#options;
    const isPost = clientAuthentication === 'post';
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      resource,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
      ...(isPost ? { client_id: clientId, client_secret: clientSecret } : {}),
    });
    const { statusCode, body: answer } = await request(tokenUrl, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...(isPost ? {} : { authorization: basic(clientId, clientSecret) }),
      },
      body: body.toString(),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await boundedText(answer, MAX_ANSWER_BYTES);
    // What else an issuer says may repeat what it was sent, so it is not logged.
    if (statusCode !== 200) throw new Error(`status ${statusCode}${errorCodeIn(text)}`);
    return text;
  }
}

/** Each part form-encoded first (RFC 6749 §2.3.1). */
function basic(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams({ t: text }).toString().slice(2);
  const pair = `${encode(clientId)}:${encode(clientSecret)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function readToken(text: string, nowMs: number): Issued {
  const answer = parsed(text);
  const token = answer?.['access_token'];
  const type = answer?.['token_type'];
  const seconds = answer?.['expires_in'] ?? DEFAULT_LIFETIME_SECONDS;
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token)) {
    throw new Error('the answer holds no access token');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new Error('the token is no bearer token');
  }
  const lifetimeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
  const freshMs = Math.max(lifetimeMs - RENEW_EARLY_MS, lifetimeMs * 0.9);
  return { token, issuedAtMs: nowMs, freshUntilMs: nowMs + freshMs };
}

function errorCodeIn(text: string): string {
  const code = parsed(text)?.['error'];
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? `, ${code}` : '';
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // The caller says what is missing.
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
