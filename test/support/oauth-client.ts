/**
 * What the SDKs' OAuth clients keep, in memory, and a user who agrees: the authorization URL is followed at
 * once, as a browser would, and the callback's parameters are kept for `finishAuth`.
 */
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import type {
  OAuthClientInformationFull,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';

const REDIRECT_URL = 'http://127.0.0.1/callback';

export class AgreeingUser implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT_URL;
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: 'e2e',
    redirect_uris: [REDIRECT_URL],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  };
  /** Scopes of every authorization, in order. */
  readonly askedScopes: string[] = [];
  #client: OAuthClientInformationFull | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';
  #callback = new URLSearchParams();

  clientInformation(): OAuthClientInformationFull | undefined {
    return this.#client;
  }

  saveClientInformation(information: OAuthClientInformationFull): void {
    this.#client = information;
  }

  tokens(): OAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens;
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    this.askedScopes.push(url.searchParams.get('scope') ?? '');
    const response = await fetch(url, { redirect: 'manual' });
    this.#callback = new URL(response.headers.get('location') ?? 'http://no.callback').searchParams;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  callback(): URLSearchParams {
    return this.#callback;
  }
}
