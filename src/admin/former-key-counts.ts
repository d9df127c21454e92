/** While the master key is rotated: how much still hangs on the former one, so that it is known when it may go. */
import type { KeyObject } from 'node:crypto';
import { pepperVersion } from '../gateway/api-key.js';
import type { CredentialSeal } from '../gateway/credential-seal.js';
import { wallDate } from '../kernel/clock.js';
import type { Store } from '../store/store.js';
import type { SealedServers } from './sealed-servers.js';

export interface FormerKeyCounts {
  /** Working keys; each is hashed anew when it is next used. */
  readonly apiKeys: number;
  /** Users' upstream credentials, until `credentials rotate`. */
  readonly credentials: number;
  /** Servers added at run time, until `credentials rotate`. */
  readonly servers: number;
}

export interface FormerKeySources {
  readonly store: Pick<Store, 'keys' | 'credentials'>;
  readonly pepper: KeyObject;
  readonly seal: Pick<CredentialSeal, 'keyVersion'>;
  readonly registered: Pick<SealedServers, 'countFormer'>;
}

const PAGE = 1000;

/** Rejects with GW_STORE_UNAVAILABLE. */
export async function formerKeyCounts(sources: FormerKeySources): Promise<FormerKeyCounts> {
  const { store, pepper, registered } = sources;
  return {
    apiKeys: await store.keys.countOtherPeppers(pepperVersion(pepper), wallDate()),
    credentials: await formerCredentials(sources),
    servers: await registered.countFormer(),
  };
}

async function formerCredentials({ store, seal }: FormerKeySources): Promise<number> {
  let count = 0;
  let after: { readonly user: string; readonly server: string } | undefined;
  for (;;) {
    const page = await store.credentials.list({ after, limit: PAGE });
    count += page.filter(({ keyVersion }) => keyVersion !== seal.keyVersion).length;
    after = page.at(-1);
    if (page.length < PAGE) return count;
  }
}
