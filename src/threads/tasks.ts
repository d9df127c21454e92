/**
 * The tasks that run in piscina threads, by name: each is the default export of workers/{name}.ts. Inputs
 * and outputs cross threads as structured clones, so they hold plain data and KeyObjects only.
 */
import type { KeyObject } from 'node:crypto';
import type { MergedDelta } from '../telemetry/metric-delta.js';

/** Names a task and, for the compiler alone, what goes in and comes out. */
export interface ThreadTask<Input, Output> {
  readonly name: string;
  /** Never set; carries the types. */
  readonly shape?: (input: Input) => Output;
}

export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

/** A key that verifies tokens of one algorithm only: the token's header never chooses (RFC 8725 §3.1). */
export interface TokenKey {
  /** When set, only tokens that name it in `kid` are tried. */
  readonly keyId: string | null;
  readonly algorithm: TokenAlgorithm;
  readonly key: KeyObject;
}

/** What a token must satisfy beside its signature. */
export interface TokenRules {
  /** Null = any. */
  readonly issuer: string | null;
  readonly audience: string | null;
  /** The gateway's public URL, where tokens are issued for it or for single servers by URL; absent = nowhere. */
  readonly resource?: string | null;
  /** Allowed clock difference. */
  readonly leewaySeconds: number;
  /** Longest time between `iat` (now, when absent) and `exp`. */
  readonly maxLifetimeSeconds: number;
}

export interface VerifyTokensInput {
  readonly tokens: readonly string[];
  readonly keys: readonly TokenKey[];
  readonly rules: TokenRules;
  /** Seconds since the Unix epoch. */
  readonly nowSeconds: number;
}

/** Who a token speaks for. */
export interface TokenIdentity {
  readonly user: string;
  /** Null = every server. */
  readonly servers: readonly string[] | null;
  /** Servers that the audience names; null = every server. */
  readonly audienceServers: readonly string[] | null;
  readonly scopes: readonly string[];
  /** The API key that the token stands for, whole or by its id; null = none. */
  readonly apiKey: string | null;
  readonly expiresAtSeconds: number;
}

/** `untrusted` covers everything up to and including the signature; the others are told only after it held. */
export type TokenRefusal =
  | 'untrusted'
  | 'expired'
  | 'not-yet'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'lives-too-long'
  | 'bad-claims';

export type TokenVerdict =
  | { readonly ok: true; readonly identity: TokenIdentity }
  | { readonly ok: false; readonly refusal: TokenRefusal };

/** One verdict a token, in order. */
export const VERIFY_TOKENS: ThreadTask<VerifyTokensInput, readonly TokenVerdict[]> = {
  name: 'verify-tokens',
};

/** What the reports of one batch add up to. */
export const AGGREGATE_METRICS: ThreadTask<readonly string[], MergedDelta> = {
  name: 'aggregate-metrics',
};
