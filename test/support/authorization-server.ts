/**
 * A small OAuth 2.1 authorization server on 127.0.0.1: metadata (RFC 8414), dynamic registration (RFC 7591),
 * authorization code with PKCE S256 and resource indicators (RFC 8707), refresh tokens that are used once,
 * client credentials, and a key set that can be rotated. Everyone who authorizes is the one user, who
 * agrees to everything.
 */
import { createHash, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';

export interface AuthorizationServer {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly tokenUrl: string;
  /** Every request: method and path, and of the token endpoint the grant type. */
  readonly requests: string[];
  /** Parameters of every token request. */
  readonly grants: URLSearchParams[];
  /** Of tokens issued from now on. Default 3600. */
  accessTokenSeconds: number;
  /** Whether tokens come with refresh tokens. Default true. */
  hasRefreshTokens: boolean;
  /** Signs with a new key from now on; the old one is no longer published. */
  rotateKey(): void;
  /** While true, every request gets 500. */
  isDown: boolean;
  close(): Promise<void>;
}

interface Grant {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly clientId: string;
  readonly scope: string;
  readonly resource: string;
}

export async function startAuthorizationServer(user: string): Promise<AuthorizationServer> {
  const authorization = new Authorization(user);
  const http = createServer((request, response) => {
    void authorization.answer(request, response);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  authorization.issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return Object.assign(authorization, {
    close: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  });
}

class Authorization {
  issuer = '';
  isDown = false;
  accessTokenSeconds = 3600;
  hasRefreshTokens = true;
  readonly requests: string[] = [];
  readonly grants: URLSearchParams[] = [];
  readonly #user: string;
  readonly #clients = new Set<string>();
  readonly #codes = new Map<string, Grant>();
  readonly #refreshTokens = new Map<string, Grant>();
  #key = newKey();

  constructor(user: string) {
    this.#user = user;
  }

  get jwksUrl(): string {
    return `${this.issuer}/jwks`;
  }

  get tokenUrl(): string {
    return `${this.issuer}/token`;
  }

  rotateKey(): void {
    this.#key = newKey();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const parameters = new URLSearchParams(body);
    const grantType = url.pathname === '/token' ? ` ${parameters.get('grant_type') ?? ''}` : '';
    this.requests.push(`${request.method ?? ''} ${url.pathname}${grantType}`);
    if (this.isDown) {
      send(response, 500, { error: 'server_error' });
      return;
    }
    switch (url.pathname) {
      case '/.well-known/oauth-authorization-server':
        send(response, 200, this.#metadata());
        return;
      case '/jwks':
        send(response, 200, { keys: [this.#key.jwk] });
        return;
      case '/register':
        send(response, 201, this.#register(JSON.parse(body) as Record<string, unknown>));
        return;
      case '/authorize':
        this.#authorize(url.searchParams, response);
        return;
      case '/token':
        this.grants.push(parameters);
        await this.#token(parameters, request.headers.authorization, response);
        return;
      default:
        send(response, 404, { error: 'not_found' });
    }
  }

  #metadata() {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: this.tokenUrl,
      registration_endpoint: `${this.issuer}/register`,
      jwks_uri: this.jwksUrl,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #register(metadata: Record<string, unknown>) {
    const clientId = randomUUID();
    this.#clients.add(clientId);
    return { ...metadata, client_id: clientId, token_endpoint_auth_method: 'none' };
  }

  #authorize(asked: URLSearchParams, response: ServerResponse): void {
    const clientId = asked.get('client_id') ?? '';
    const redirectUri = asked.get('redirect_uri') ?? '';
    if (!this.#clients.has(clientId) || asked.get('code_challenge_method') !== 'S256') {
      send(response, 400, { error: 'invalid_request' });
      return;
    }
    const code = randomUUID();
    this.#codes.set(code, {
      challenge: asked.get('code_challenge') ?? '',
      redirectUri,
      clientId,
      scope: asked.get('scope') ?? '',
      resource: asked.get('resource') ?? '',
    });
    const target = new URL(redirectUri);
    target.searchParams.set('code', code);
    target.searchParams.set('iss', this.issuer);
    target.searchParams.set('state', asked.get('state') ?? '');
    response.writeHead(302, { location: target.href }).end();
  }

  async #token(
    parameters: URLSearchParams,
    authorization: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const grant =
      parameters.get('grant_type') === 'client_credentials'
        ? machineGrant(parameters, authorization)
        : this.#redeem(parameters);
    if (grant === null) {
      send(response, 400, { error: 'invalid_grant' });
      return;
    }
    const refreshToken = this.hasRefreshTokens ? randomUUID() : undefined;
    if (refreshToken !== undefined) this.#refreshTokens.set(refreshToken, grant);
    send(response, 200, {
      access_token: await this.#sign(grant),
      token_type: 'Bearer',
      expires_in: this.accessTokenSeconds,
      refresh_token: refreshToken,
      scope: grant.scope,
    });
  }

  /** Codes and refresh tokens are good once. */
  #redeem(parameters: URLSearchParams): Grant | null {
    const isRefresh = parameters.get('grant_type') === 'refresh_token';
    const table = isRefresh ? this.#refreshTokens : this.#codes;
    const name = parameters.get(isRefresh ? 'refresh_token' : 'code') ?? '';
    const grant = table.get(name);
    table.delete(name);
    if (grant === undefined || isRefresh) return grant ?? null;
    const proof = createHash('sha256').update(parameters.get('code_verifier') ?? '');
    const isProven =
      proof.digest('base64url') === grant.challenge &&
      parameters.get('redirect_uri') === grant.redirectUri &&
      parameters.get('resource') === grant.resource;
    return isProven ? grant : null;
  }

  #sign({ scope, resource }: Grant): Promise<string> {
    const { kid, privateKey } = this.#key;
    return new SignJWT({ scope, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(this.issuer)
      .setSubject(this.#user)
      .setAudience(resource)
      .setIssuedAt()
      .setExpirationTime(`${this.accessTokenSeconds} s`)
      .sign(privateKey);
  }
}

/** One machine client, by HTTP Basic: `gateway` with the secret `machine secret`. */
function machineGrant(parameters: URLSearchParams, authorization = ''): Grant | null {
  const text = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
  if (text !== 'gateway:machine+secret') return null;
  return {
    challenge: '',
    redirectUri: '',
    clientId: 'gateway',
    scope: parameters.get('scope') ?? '',
    resource: parameters.get('resource') ?? '',
  };
}

function newKey(): { kid: string; privateKey: KeyObject; jwk: object } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' };
  return { kid, privateKey, jwk };
}

function send(response: ServerResponse, status: number, document: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(document));
}
