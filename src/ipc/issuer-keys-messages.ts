/**
 * The public keys of external token issuers on their way from the primary, which fetches them once for the
 * whole gateway, to the workers, which verify with them.
 */

/** A key that verifies one algorithm only. */
export interface IssuerKey {
  /** Null = any token of the algorithm. */
  readonly keyId: string | null;
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA';
  /** SPKI PEM. */
  readonly pem: string;
}

export interface IssuerKeysMessage {
  readonly type: 'issuer-keys';
  /** Grows with every change of the keys. */
  readonly version: number;
  readonly keys: readonly IssuerKey[];
  /** Whether every issuer's set was fetched at least once. */
  readonly isComplete: boolean;
  /** Whether this answers a worker that asked for a refresh. */
  readonly isRefreshed: boolean;
  /** For how long the issuers will not be asked again on a worker's word. */
  readonly nextRefreshInMs: number;
}

/** A worker asks for the keys; with `refresh`, after the issuers were asked anew. */
export interface IssuerKeysWanted {
  readonly type: 'issuer-keys-wanted';
  readonly refresh: boolean;
}

export function isIssuerKeysMessage(message: Readonly<Record<string, unknown>>): boolean {
  const { version, keys, nextRefreshInMs } = message;
  return typeof version === 'number' && typeof nextRefreshInMs === 'number' && Array.isArray(keys);
}
