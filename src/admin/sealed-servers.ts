/**
 * Servers added at run time as they are kept: sealed under a key derived from the master key. So an entry's
 * secrets are not to be read in the store, and whoever can only write to the store (one that machines share)
 * cannot make a gateway start a program: only an admin socket can have sealed an entry.
 */
import type { Config } from '../../config/config.js';
import type { Registration } from '../../config/registered-servers.js';
import { CredentialSeal } from '../gateway/credential-seal.js';
import { wallDate } from '../kernel/clock.js';
import { deriveKey } from '../kernel/derive-key.js';
import type { RegisteredServerStore, StoredServer } from '../store/registered-servers.js';

export interface ServerRotation {
  readonly rotated: number;
  readonly upToDate: number;
  /** Names whose entries no known master key opens. */
  readonly unreadable: readonly string[];
}

const PAGE = 1000;

export class SealedServers {
  readonly #store: RegisteredServerStore;
  readonly #seal: CredentialSeal;

  constructor(store: RegisteredServerStore, seal: CredentialSeal) {
    this.#store = store;
    this.#seal = seal;
  }

  /** Moves with every change, of other machines too. */
  changes(): Promise<number> {
    return this.#store.changes();
  }

  /** By name. */
  async all(): Promise<readonly Registration[]> {
    return (await this.#records()).map((record) => this.#open(record));
  }

  async get(name: string): Promise<Registration | null> {
    const record = await this.#store.get(name);
    return record === null ? null : this.#open(record);
  }

  /** Durable when it resolves. */
  async put({ name, entry, isEnabled }: Omit<Registration, 'isReadable'>): Promise<void> {
    const text = JSON.stringify(entry);
    const sealed =
      entry === null ? null : this.#seal.seal(bindingOf(name), text).toString('base64');
    const updatedAt = wallDate().toISOString();
    await this.#store.put({ name, entry: sealed, enabled: isEnabled, updatedAt });
  }

  /** False when there was none. */
  remove(name: string): Promise<boolean> {
    return this.#store.remove(name);
  }

  /** Seals under the present master key whatever a former one sealed. */
  async rotate(): Promise<ServerRotation> {
    let rotated = 0;
    let upToDate = 0;
    const unreadable: string[] = [];
    for (const record of await this.#records()) {
      if (typeof record.entry !== 'string') continue;
      const registration = this.#open(record);
      if (!registration.isReadable) unreadable.push(record.name);
      else if (this.#isCurrent(record.entry)) upToDate += 1;
      else {
        await this.put(registration);
        rotated += 1;
      }
    }
    return { rotated, upToDate, unreadable };
  }

  /** Entries that are not sealed under the present master key. */
  async countFormer(): Promise<number> {
    const sealed = (await this.#records()).map(({ entry }) => entry);
    return sealed.filter((entry) => typeof entry === 'string' && !this.#isCurrent(entry)).length;
  }

  #isCurrent(entry: string): boolean {
    return this.#seal.isCurrent(Buffer.from(entry, 'base64'));
  }

  async #records(): Promise<readonly StoredServer[]> {
    const records: StoredServer[] = [];
    for (;;) {
      const page = await this.#store.list({ afterName: records.at(-1)?.name, limit: PAGE });
      records.push(...page);
      if (page.length < PAGE) return records;
    }
  }

  #open({ name, entry, enabled: isEnabled }: StoredServer): Registration {
    if (entry === null) return { name, entry, isEnabled, isReadable: true };
    const sealed = typeof entry === 'string' ? Buffer.from(entry, 'base64') : Buffer.alloc(0);
    const text = this.#seal.open(bindingOf(name), sealed);
    if (text === null) return { name, entry: null, isEnabled, isReadable: false };
    return { name, entry: JSON.parse(text) as unknown, isEnabled, isReadable: true };
  }
}

/** Under the key that is derived from this master key, and for reading from the one before. */
export function serverSeal(
  { secrets }: Pick<Config, 'secrets'>,
  masterKey: string,
): CredentialSeal {
  const { masterKeyPrevious } = secrets;
  const former = masterKeyPrevious === null ? [] : [deriveKey(masterKeyPrevious, 'servers')];
  return new CredentialSeal(deriveKey(masterKey, 'servers'), former);
}

function bindingOf(server: string) {
  return { user: '', server };
}
