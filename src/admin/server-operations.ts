/**
 * Adding, removing and switching servers while the gateway runs. What is asked for is checked as a line of the
 * configuration file would be, kept in the store, and served by every worker before the operation resolves.
 * A name that the configuration file has can be switched off and on here, and is otherwise the file's.
 */
import type { Config, ServerSource } from '../../config/config.js';
import { checkServerEntry, type Registration } from '../../config/registered-servers.js';
import { GatewayError } from '../kernel/errors.js';
import { oneAtATime } from '../kernel/one-at-a-time.js';
import { flagIn, membersOf, refused } from './input-members.js';
import type { SealedServers } from './sealed-servers.js';

export interface AddServerInput {
  readonly name: string;
  /** As under `servers` in the configuration file. */
  readonly entry: unknown;
  /** In place of one that was added before; else its name is refused. */
  readonly isReplacing: boolean;
}

export interface AddedServer {
  readonly name: string;
  /** bundled, module, stdio, http */
  readonly kind: string;
  /** Program or origin, without arguments and queries: they may hold secrets. */
  readonly from: string;
  readonly enabled: boolean;
  readonly replaced: boolean;
  /** The MCP endpoint. */
  readonly url: string;
  /** A line each. */
  readonly warnings: readonly string[];
}

/** Each rejects with a GatewayError whose hint is fit for a person; GW_SERVER_UNKNOWN for a name nobody has. */
export interface ServerOperations {
  addServer(input: AddServerInput): Promise<AddedServer>;
  /** Its calls in flight may end within `http.drainTimeout`; who waits for it is refused at once. */
  removeServer(name: string): Promise<void>;
  /** False when it was so already. Disabling is as removing, but it can be undone. */
  switchServer(name: string, isEnabled: boolean): Promise<boolean>;
}

export interface ServerOperationsOptions {
  readonly registered: Pick<SealedServers, 'get' | 'put' | 'remove'>;
  /** As the file has it, without what is registered. */
  readonly fileConfig: () => Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when every process serves by what is registered now; rejects when that failed. */
  readonly apply: (reason: string) => Promise<void>;
  readonly url: string;
}

export function createServerOperations(options: ServerOperationsOptions): ServerOperations {
  const { registered, fileConfig, env, apply, url } = options;
  const inTurn = oneAtATime();
  const inFile = (name: string) => {
    const { servers } = fileConfig();
    return Object.hasOwn(servers, name) ? servers[name] : undefined;
  };
  const place = () => fileConfig().configPath ?? 'the configuration';
  const check = (registration: Pick<Registration, 'name' | 'entry' | 'isEnabled'>) => {
    const { name, entry, isEnabled } = registration;
    const checked = checkServerEntry(name, entry, { config: fileConfig(), env, isEnabled });
    if (checked.server !== null) return { server: checked.server, warnings: checked.warnings };
    throw new GatewayError('GW_BAD_REQUEST', { hint: checked.problems.join('\n') });
  };
  const switchAdded = async (name: string, isEnabled: boolean, former: Registration | null) => {
    if (former === null || isSwitchOnly(former)) throw unknown();
    if (former.isEnabled === isEnabled) return false;
    if (!former.isReadable) throw refused(`${name} cannot be read; remove it and add it again`);
    if (isEnabled) check({ ...former, isEnabled });
    await registered.put({ ...former, isEnabled });
    return true;
  };
  const switchOfFile = async (name: string, isEnabled: boolean, former: Registration | null) => {
    if (former !== null && !isSwitchOnly(former)) {
      throw refused(
        `${name} stands in ${place()} and was also added at run time; remove the latter first: multi-mcp servers remove ${name}`,
      );
    }
    if (inFile(name)?.enabled !== true) {
      if (!isEnabled) return false;
      throw refused(`${name} is disabled in ${place()}: change it there`);
    }
    if ((former?.isEnabled ?? true) === isEnabled) return false;
    if (isEnabled) await registered.remove(name);
    else await registered.put({ name, entry: null, isEnabled });
    return true;
  };
  return {
    addServer: ({ name, entry: given, isReplacing }) =>
      inTurn(async () => {
        if (inFile(name) !== undefined) {
          throw refused(`${name} stands in ${place()}: change it there, or choose another name`);
        }
        const former = await registered.get(name);
        const isThere = former !== null && !isSwitchOnly(former);
        if (isThere && !isReplacing) {
          throw refused(`${name} was added before: use --replace, or remove it first`);
        }
        const { entry, isEnabled } = splitSwitch(given);
        const { server, warnings } = check({ name, entry, isEnabled });
        await registered.put({ name, entry, isEnabled });
        await apply(`${name} was added`);
        const { source, enabled } = server;
        return {
          ...{ name, kind: source.kind, from: originOf(source), enabled, replaced: isThere },
          url: `${url}/${name}/mcp`,
          warnings,
        };
      }),
    removeServer: (name) =>
      inTurn(async () => {
        const former = await registered.get(name);
        if (former === null || isSwitchOnly(former)) {
          if (inFile(name) === undefined) throw unknown();
          throw refused(
            `${name} stands in ${place()}: remove it there, or take it out of service with: multi-mcp servers disable ${name}`,
          );
        }
        await registered.remove(name);
        await apply(`${name} was removed`);
      }),
    switchServer: (name, isEnabled) =>
      inTurn(async () => {
        const former = await registered.get(name);
        const isOfFile = inFile(name) !== undefined;
        const switchIt = isOfFile ? switchOfFile : switchAdded;
        if (!(await switchIt(name, isEnabled, former))) return false;
        await apply(`${name} was ${isEnabled ? 'enabled' : 'disabled'}`);
        return true;
      }),
  };
}

/** From the body of an admin request. Throws GW_BAD_REQUEST. */
export function readServerInput(name: string, body: unknown): AddServerInput {
  const members = membersOf(body, ['entry', 'replace']);
  const { entry } = members;
  if (entry === undefined || entry === null) throw refused('entry must be a JSON object');
  return { name, entry, isReplacing: flagIn(members, 'replace') };
}

/** From `{"enabled": …}`. Throws GW_BAD_REQUEST. */
export function readServerSwitch(body: unknown): boolean {
  const members = membersOf(body, ['enabled']);
  if (members['enabled'] === undefined) throw refused('enabled must be true or false');
  return flagIn(members, 'enabled');
}

/** The registration keeps the switch, not the entry. */
function splitSwitch(given: unknown): Pick<Registration, 'entry' | 'isEnabled'> {
  const hasSwitch = typeof given === 'object' && given !== null && 'enabled' in given;
  if (!hasSwitch) return { entry: given, isEnabled: true };
  const { enabled, ...entry } = given;
  if (typeof enabled !== 'boolean') throw refused('enabled must be true or false');
  return { entry, isEnabled: enabled };
}

/** Kept beside a server of the file, which it only switches. */
function isSwitchOnly({ isReadable, entry }: Registration): boolean {
  return isReadable && entry === null;
}

function originOf(source: ServerSource): string {
  switch (source.kind) {
    case 'http':
      return new URL(source.url).origin;
    case 'stdio':
      return source.command;
    case 'module':
      return source.path;
    case 'bundled':
      return source.module;
  }
}

function unknown(): GatewayError {
  return new GatewayError('GW_SERVER_UNKNOWN', { hint: 'See: multi-mcp servers list' });
}
