/**
 * The protected-resource documents (RFC 9728) by which clients find the authorization server: one for the
 * gateway and one for every server path. A document exists for every name that a server could have, so that
 * nobody learns here which ones there are.
 */
import { serverNameProblem } from '../../config/server-name.js';

export interface ResourceMetadataOptions {
  /** The gateway as clients see it; no trailing slash. May have a path. */
  readonly publicUrl: string;
  readonly authorizationServers: readonly string[];
  /** Of a server; empty for unknown ones. */
  readonly requiredScopes: (server: string) => readonly string[];
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const SERVER_PATH = /^\/([^/]+)\/mcp$/;

export class ResourceMetadata {
  readonly #options: ResourceMetadataOptions;
  readonly #origin: string;
  /** Of the public URL; empty when it has none. */
  readonly #prefix: string;

  constructor(options: ResourceMetadataOptions) {
    this.#options = options;
    const { origin, pathname } = new URL(options.publicUrl);
    this.#origin = origin;
    this.#prefix = pathname.replace(/\/+$/, '');
  }

  /** Of the gateway's own document, or of a server's: the well-known part comes before the path (RFC 9728 §3.1). */
  url(server: string | undefined): string {
    return `${this.#origin}${WELL_KNOWN}${this.#prefix}${server === undefined ? '' : `/${server}/mcp`}`;
  }

  /** The document at a path, as JSON; null where there is none. */
  document(path: string): string | null {
    if (!path.startsWith(WELL_KNOWN)) return null;
    const rest = path.slice(WELL_KNOWN.length);
    // A proxy may have cut the prefix from the path or left it.
    const hasPrefix = this.#prefix !== '' && `${rest}/`.startsWith(`${this.#prefix}/`);
    const place = hasPrefix ? rest.slice(this.#prefix.length) : rest;
    if (place === '') return this.#describe('', []);
    const server = SERVER_PATH.exec(place)?.[1];
    if (server === undefined || serverNameProblem(server) !== null) return null;
    return this.#describe(place, this.#options.requiredScopes(server));
  }

  #describe(place: string, scopes: readonly string[]): string {
    const { publicUrl, authorizationServers } = this.#options;
    return JSON.stringify({
      resource: `${publicUrl}${place}`,
      authorization_servers: authorizationServers,
      // Only what any use needs: single tools ask for more when they are called (step-up).
      ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
      bearer_methods_supported: ['header'],
    });
  }
}
