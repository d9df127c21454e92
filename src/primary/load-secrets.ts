/** The secrets that the gateway cannot be without: from the environment, else from files that it makes once. */
import type { Config } from '../../config/config.js';
import { loadOrCreateSecret } from '../store/secret-files.js';

const JWT_SECRET_BYTES = 48;
const MASTER_KEY_BYTES = 32;

export interface LoadedSecrets {
  readonly jwtSecret: string;
  readonly masterKey: string;
}

/** Rejects with SecretFileError or a system error. */
export async function loadSecrets(config: Config): Promise<LoadedSecrets> {
  const { dataDir, secrets } = config;
  return {
    jwtSecret:
      secrets.jwtSecret ??
      (await loadOrCreateSecret({ dataDir, name: 'jwt-secret', bytes: JWT_SECRET_BYTES })),
    masterKey:
      secrets.masterKey ??
      (await loadOrCreateSecret({ dataDir, name: 'master-key', bytes: MASTER_KEY_BYTES })),
  };
}
