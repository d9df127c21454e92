/** The part of a worker that tells who is calling: keys, tokens, credentials, and what is remembered of them. */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { Config } from '../../config/config.js';
import verifyTokensHere from '../../workers/verify-tokens.js';
import { createAuthenticator } from '../gateway/authenticate.js';
import type { Authenticator } from '../gateway/authenticator.js';
import { CredentialSeal } from '../gateway/credential-seal.js';
import type { Challenge } from '../gateway/identity-refusal.js';
import { fixedKeys, IssuerKeys } from '../gateway/issuer-keys.js';
import { reportKeyUses } from '../gateway/key-uses.js';
import { createTokenVerifier } from '../gateway/token-verifier.js';
import { UserCredentials } from '../gateway/user-credentials.js';
import { watchIdentityVersion } from '../gateway/watch-identity.js';
import type { WorkerStart } from '../ipc/worker-messages.js';
import type { Store } from '../store/store.js';
import { createThreadPool } from '../threads/pool.js';
import { VERIFY_TOKENS, type TokenKey } from '../threads/tasks.js';
import type { PrimaryLink } from './primary-link.js';

export interface ComposedIdentity {
  readonly authenticator: Authenticator;
  readonly credentials: UserCredentials;
  /** Null when no issuer publishes its keys by URL. */
  readonly issuerKeys: IssuerKeys | null;
  /** Ends the threads and the watch; what was counted is written. */
  close(): Promise<void>;
}

export interface ComposeIdentityOptions {
  readonly config: Config;
  readonly store: Store;
  readonly primary: Pick<PrimaryLink, 'send'>;
  readonly challengeOf: (server: string | undefined) => Challenge;
  /** The audience that tokens must name; null: as the configuration says. */
  readonly resource: string | null;
  /** Any credential may have ended: whoever holds something open for one asks again. */
  readonly onChange: () => void;
}

const MAX_CACHED_IDENTITIES = 100_000;
/** Chosen: soon enough for a list that people read, seldom enough for any store. */
const KEY_USES_MS = 30_000;
const IDENTITY_POLL_MS = 5_000;
/** Of one batch, which takes 4 ms when nothing is in its way: it ends a stuck thread, not a slow machine's. */
const VERIFY_DEADLINE_MS = 5_000;
const VERIFY_QUEUE = 1_000;

export function composeIdentity(
  start: WorkerStart,
  { config, store, primary, challengeOf, resource, onChange }: ComposeIdentityOptions,
): ComposedIdentity {
  const pool = createThreadPool(VERIFY_TOKENS, {
    deadlineMs: VERIFY_DEADLINE_MS,
    maxQueue: VERIFY_QUEUE,
  });
  const issuerKeys =
    config.auth.jwt.jwksUrls.length === 0
      ? null
      : new IssuerKeys({
          fixed: tokenKeys(config, start),
          ask: (refresh) => {
            primary.send({ type: 'issuer-keys-wanted', refresh });
          },
          onChange: () => {
            authenticator.invalidateTokens();
            onChange();
          },
        });
  const verifyToken = createTokenVerifier({
    keys: issuerKeys ?? fixedKeys(tokenKeys(config, start)),
    rules: { ...config.auth.jwt, resource },
    verifyHere: verifyTokensHere,
    verifyInThread: (input) => pool.run(input),
  });
  const authenticator: Authenticator = createAuthenticator({
    keys: store.keys,
    grants: store.grants,
    verifyToken,
    peppers: start.secrets.peppers.map((pepper) => secretKey(pepper, 'hex')),
    cacheTtlMs: config.auth.apiKeyCacheTtlMs,
    negativeTtlMs: config.auth.negativeCacheTtlMs,
    maxEntries: MAX_CACHED_IDENTITIES,
    failedPerSecond: config.auth.failedCredentialsPerSecond,
    allowAnonymous: !config.auth.required,
    challengeOf,
  });
  const [credentialKey = '', ...formerKeys] = start.secrets.credentialKeys;
  const credentials = new UserCredentials({
    find: (user, server) => store.credentials.get(user, server),
    seal: new CredentialSeal(
      Buffer.from(credentialKey, 'hex'),
      formerKeys.map((key) => Buffer.from(key, 'hex')),
    ),
    ttlMs: config.auth.apiKeyCacheTtlMs,
    negativeTtlMs: config.auth.negativeCacheTtlMs,
  });
  const flushKeyUses = reportKeyUses({
    authenticator,
    keys: store.keys,
    intervalMs: KEY_USES_MS,
  });
  const stopWatching = watchIdentityVersion({
    store,
    intervalMs: IDENTITY_POLL_MS,
    onChange: () => {
      authenticator.invalidateAll();
      credentials.forgetAll();
      onChange();
    },
  });
  return {
    authenticator,
    credentials,
    issuerKeys,
    close: async () => {
      stopWatching();
      await flushKeyUses();
      await pool.close();
    },
  };
}

function tokenKeys(config: Config, { secrets }: WorkerStart): TokenKey[] {
  const shared = [secrets.jwtSecret, secrets.jwtSecretPrevious]
    .filter((secret) => secret !== null)
    .map((secret): TokenKey => {
      return { keyId: null, algorithm: 'HS256', key: secretKey(secret, 'utf8') };
    });
  const published = config.auth.jwt.publicKeys.map(({ keyId, algorithm, pem }): TokenKey => {
    return { keyId, algorithm, key: createPublicKey(pem) };
  });
  return [...shared, ...published];
}

function secretKey(secret: string, encoding: 'hex' | 'utf8'): KeyObject {
  return createSecretKey(Buffer.from(secret, encoding));
}
