/**
 * Keys and tokens without a running gateway: the store is opened by this process, for one command. Stores
 * and secrets are shared safely between processes, so a gateway that starts meanwhile is no danger.
 */
import { createSecretKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.js';
import { auditedIdentity, createAuditor } from '../admin/audit.js';
import { createGrantOperations, type GrantOperations } from '../admin/grant-operations.js';
import {
  createCredentialOperations,
  credentialSeal,
  type CredentialOperations,
} from '../admin/credential-operations.js';
import { createIdentityOperations, type IdentityOperations } from '../admin/identity-operations.js';
import { SealedServers, serverSeal } from '../admin/sealed-servers.js';
import { deriveKey } from '../kernel/derive-key.js';
import { EXIT } from '../kernel/exit-codes.js';
import { embeddedStore, openStore } from '../store/open-store.js';
import { loadOrCreateSecret } from '../store/secret-files.js';
import { currentActor } from './actor.js';
import type { AdminCall } from './admin-client.js';
import { CliError } from './cli-error.js';

const JWT_SECRET_BYTES = 48;
const MASTER_KEY_BYTES = 32;

export type LocalOperations = IdentityOperations & GrantOperations & CredentialOperations;

/**
 * Opens the store, does the work, closes the store. `method`: of the call that the work stands for; only a POST or a PUT
 * makes a store, and secrets, where there are none: what others ask for would not be in a new one.
 */
export async function withLocalIdentity<Result>(
  config: Config,
  method: AdminCall['method'],
  work: (operations: LocalOperations) => Promise<Result>,
): Promise<Result> {
  const { dataDir, secrets, auth } = config;
  if (method !== 'POST' && method !== 'PUT') checkStore(config);
  const masterKey =
    secrets.masterKey ??
    (await loadOrCreateSecret({ dataDir, name: 'master-key', bytes: MASTER_KEY_BYTES }));
  const jwtSecret =
    secrets.jwtSecret ??
    (await loadOrCreateSecret({ dataDir, name: 'jwt-secret', bytes: JWT_SECRET_BYTES }));
  const store = await openStore({ dataDir, ...config.store, onUnavailable: 'refuse' });
  try {
    const identity = createIdentityOperations({
      store,
      pepper: createSecretKey(deriveKey(masterKey, 'pepper')),
      jwtSecret: createSecretKey(Buffer.from(jwtSecret)),
      issuer: auth.jwt.issuer,
      audience: auth.jwt.audience,
      maxTokenSeconds: auth.jwt.maxLifetimeSeconds,
    });
    const auditor = createAuditor({
      audit: store.audit,
      actor: `${currentActor()}, no gateway`,
      // The change is made and the store works: nothing that one command could do about it.
      onError: () => undefined,
    });
    const credentials = createCredentialOperations({
      store,
      seal: credentialSeal(config, masterKey),
      servers: () => config.servers,
      registered: new SealedServers(store.servers, serverSeal(config, masterKey)),
    });
    const grants = createGrantOperations({ store });
    return await work(auditedIdentity({ ...identity, ...grants, ...credentials }, auditor));
  } finally {
    await store.close();
  }
}

function checkStore({ dataDir, store }: Config): void {
  const file = embeddedStore(dataDir);
  if (store.mongodbUri !== null || existsSync(file)) return;
  throw new CliError(
    EXIT.unavailable,
    `No gateway runs on ${dataDir}, and there is no store ${file}. Set DATA_DIR to the gateway's data directory; ` +
      'the first store is made by its start, or by: multi-mcp keys create --user NAME',
  );
}
