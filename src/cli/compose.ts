/**
 * Keys and tokens without a running gateway: the store is opened by this process, for one command. Stores
 * and secrets are shared safely between processes, so a gateway that starts meanwhile is no danger.
 */
import { createSecretKey } from 'node:crypto';
import type { Config } from '../../config/config.js';
import { createIdentityOperations, type IdentityOperations } from '../admin/identity-operations.js';
import { deriveKey } from '../kernel/derive-key.js';
import { openStore } from '../store/open-store.js';
import { loadOrCreateSecret } from '../store/secret-files.js';

const PEPPER_VERSION = 1;
const JWT_SECRET_BYTES = 48;
const MASTER_KEY_BYTES = 32;

/** Opens the store, does the work, closes the store. */
export async function withLocalIdentity<Result>(
  config: Config,
  work: (operations: IdentityOperations) => Promise<Result>,
): Promise<Result> {
  const { dataDir, secrets, auth } = config;
  const masterKey =
    secrets.masterKey ??
    (await loadOrCreateSecret({ dataDir, name: 'master-key', bytes: MASTER_KEY_BYTES }));
  const jwtSecret =
    secrets.jwtSecret ??
    (await loadOrCreateSecret({ dataDir, name: 'jwt-secret', bytes: JWT_SECRET_BYTES }));
  const store = await openStore({ dataDir, ...config.store });
  try {
    return await work(
      createIdentityOperations({
        store,
        pepper: createSecretKey(deriveKey(masterKey, 'pepper')),
        pepperVersion: PEPPER_VERSION,
        jwtSecret: createSecretKey(Buffer.from(jwtSecret)),
        issuer: auth.jwt.issuer,
        audience: auth.jwt.audience,
        maxTokenSeconds: auth.jwt.maxLifetimeSeconds,
      }),
    );
  } finally {
    await store.close();
  }
}
