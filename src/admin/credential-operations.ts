/**
 * Users' own upstream credentials, for operators: set, list, remove, seal anew. Values come in and are sealed;
 * none ever goes out again. The primary offers this over the socket; the command line uses it directly when no
 * gateway runs.
 */
import type { Config, CredentialInjection } from '../../config/config.js';
import {
  CredentialSeal,
  MAX_CREDENTIAL_BYTES,
  type CredentialBinding,
} from '../gateway/credential-seal.js';
import { wallDate } from '../kernel/clock.js';
import { deriveKey } from '../kernel/derive-key.js';
import { GatewayError } from '../kernel/errors.js';
import { oneAtATime } from '../kernel/one-at-a-time.js';
import type { Store } from '../store/store.js';
import { membersOf, refused, textIn } from './input-members.js';
import type { SealedServers, ServerRotation } from './sealed-servers.js';

export interface SetCredentialInput extends CredentialBinding {
  /** As the server wants it, without the prefix that the configuration puts before it. */
  readonly value: string;
}

export interface CredentialView extends CredentialBinding {
  /** ISO 8601. */
  readonly updatedAt: string;
  /** False when it was sealed under a former master key: `credentials rotate` seals it anew. */
  readonly isCurrentKey: boolean;
}

export interface RotatedCredentials {
  readonly rotated: number;
  readonly upToDate: number;
  /** Sealed under a master key that is neither this nor the previous one; they must be set again. */
  readonly unreadable: readonly CredentialBinding[];
  /** The same of entries of servers that were added at run time. */
  readonly servers: ServerRotation;
}

/** Each rejects with a GatewayError whose hint is fit for a person. */
export interface CredentialOperations {
  /** Rejects with GW_SERVER_UNKNOWN, or GW_BAD_REQUEST where the server takes none or could not carry this one. */
  setCredential(input: SetCredentialInput): Promise<CredentialView>;
  listCredentials(page: CredentialPage): Promise<readonly CredentialView[]>;
  /** False when there was none. */
  removeCredential(binding: CredentialBinding): Promise<boolean>;
  /** Seals under the present master key whatever a previous one sealed, servers added at run time included. */
  rotateCredentials(): Promise<RotatedCredentials>;
}

export interface CredentialPage {
  readonly after?: CredentialBinding | undefined;
  readonly limit?: number | undefined;
}

export interface CredentialOperationsOptions {
  readonly store: Pick<Store, 'credentials'>;
  readonly seal: CredentialSeal;
  readonly registered: Pick<SealedServers, 'rotate'>;
  /** As configured now. */
  readonly servers: () => Config['servers'];
  /** Resolves when nothing uses the former credential any more. Absent where no gateway runs. */
  readonly onChanged?: (binding: CredentialBinding) => Promise<void>;
}

const PAGE = 1000;

/** The subkeys that seal and open credentials: of the master key, then of the one before. */
export function credentialKeys({ secrets }: Pick<Config, 'secrets'>, masterKey: string): Buffer[] {
  const { masterKeyPrevious } = secrets;
  const masters = masterKeyPrevious === null ? [masterKey] : [masterKey, masterKeyPrevious];
  return masters.map((master) => deriveKey(master, 'credentials'));
}

export function credentialSeal(config: Pick<Config, 'secrets'>, masterKey: string): CredentialSeal {
  const [current, ...previous] = credentialKeys(config, masterKey);
  return new CredentialSeal(current ?? deriveKey(masterKey, 'credentials'), previous);
}

export function createCredentialOperations(
  options: CredentialOperationsOptions,
): CredentialOperations {
  const { store, seal, servers, registered } = options;
  // One process writes while a gateway runs; in it, writes wait for each other.
  const inTurn = oneAtATime();
  const put = async (binding: CredentialBinding, value: string): Promise<CredentialView> => {
    const { user, server } = binding;
    const updatedAt = wallDate().toISOString();
    const sealed = seal.seal(binding, value);
    await store.credentials.put({ user, server, sealed, keyVersion: seal.keyVersion, updatedAt });
    return { user, server, updatedAt, isCurrentKey: true };
  };
  /** Reads again, so that what was set since the listing is not overwritten with what was before. */
  const sealAnew = async (binding: CredentialBinding) => {
    const found = await store.credentials.get(binding.user, binding.server);
    if (found === null || found.keyVersion === seal.keyVersion) return 'up-to-date';
    const value = seal.open(binding, found.sealed);
    if (value === null) return 'unreadable';
    await put(binding, value);
    return 'rotated';
  };
  return {
    async setCredential({ user, server, value }) {
      const injection = injectionOf(servers(), server);
      checkUser(user);
      checkValue(value, injection);
      const view = await inTurn(() => put({ user, server }, value));
      await options.onChanged?.({ user, server });
      return view;
    },
    async listCredentials({ after, limit }) {
      const page = await store.credentials.list({ after, limit });
      return page.map(({ user, server, updatedAt, keyVersion }) => {
        return { user, server, updatedAt, isCurrentKey: keyVersion === seal.keyVersion };
      });
    },
    async removeCredential(binding) {
      const { user, server } = binding;
      const isRemoved = await inTurn(() => store.credentials.delete(user, server));
      // Told even when there was none: an earlier broadcast may have been lost.
      await options.onChanged?.({ user, server });
      return isRemoved;
    },
    async rotateCredentials() {
      let rotated = 0;
      let upToDate = 0;
      const unreadable: CredentialBinding[] = [];
      let after: CredentialBinding | undefined;
      for (;;) {
        const page = await store.credentials.list({ after, limit: PAGE });
        for (const { user, server, keyVersion } of page) {
          const binding = { user, server };
          const outcome =
            keyVersion === seal.keyVersion ? 'up-to-date' : await inTurn(() => sealAnew(binding));
          if (outcome === 'rotated') rotated += 1;
          else if (outcome === 'up-to-date') upToDate += 1;
          else unreadable.push(binding);
        }
        const last = page.at(-1);
        if (page.length < PAGE || last === undefined) break;
        after = { user: last.user, server: last.server };
      }
      return { rotated, upToDate, unreadable, servers: await registered.rotate() };
    },
  };
}

function injectionOf(servers: Config['servers'], server: string): CredentialInjection {
  const found = Object.hasOwn(servers, server) ? servers[server] : undefined;
  if (found === undefined) {
    throw new GatewayError('GW_SERVER_UNKNOWN', { hint: 'See: multi-mcp servers list' });
  }
  if (found.credential !== null) return found.credential;
  throw refused(
    `The server ${server} takes no credential: its configuration has no "credential" (docs/access.md)`,
  );
}

const MAX_USER_CHARS = 256;

function checkUser(user: string): void {
  const isFit = user.length <= MAX_USER_CHARS && /^[^\p{Cc}\p{Surrogate}]+$/u.test(user);
  if (!isFit) throw refused(`user must be a printable name of 1 to ${MAX_USER_CHARS} characters`);
}

/** Nothing may be stored that could not be carried where it goes: the fault would show with the user. */
function checkValue(value: string, injection: CredentialInjection): void {
  if (value === '') throw refused('The credential is empty');
  if (Buffer.byteLength(value) > MAX_CREDENTIAL_BYTES) {
    throw refused(`The credential is longer than ${MAX_CREDENTIAL_BYTES} bytes`);
  }
  if (injection.into === 'header' && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw refused('The credential has characters that no header may have, such as a line break');
  }
  if (value.includes('\0')) throw refused('The credential has a NUL character');
}

/** From the body of an admin request. Throws GW_BAD_REQUEST, which never repeats the value. */
export function readCredentialInput(body: unknown): SetCredentialInput {
  const members = membersOf(body, ['user', 'server', 'value']);
  return {
    user: textIn(members, 'user'),
    server: textIn(members, 'server'),
    value: textIn(members, 'value'),
  };
}

/** The page after `?afterUser=…&afterServer=…`. */
export function readCredentialPage(query: URLSearchParams): CredentialPage {
  const user = query.get('afterUser');
  const server = query.get('afterServer');
  return user === null || server === null ? {} : { after: { user, server } };
}

/** From `?user=…&server=…`. Throws GW_BAD_REQUEST. */
export function readCredentialBinding(query: URLSearchParams): CredentialBinding {
  const user = query.get('user');
  const server = query.get('server');
  if (user === null || server === null) throw refused('user and server are needed');
  return { user, server };
}
