/**
 * What of one server exists for one caller: the rules of the server (configuration), of the key or user, and
 * of quarantine, each a judge; a name exists when all of them admit it, so deny wins wherever it is said.
 * Null stands for "everything", which is the usual case and costs two comparisons.
 */
import { nameFilter, rulesForServer, type NameJudge } from '../policy/name-filter.js';
import type { NamedKind } from '../mcp/named-target.js';
import { grantFor } from './grant-book.js';
import type { Principal } from './principal.js';

export type InspectMessage = (message: Buffer) => void;

export type Judges = Readonly<Record<NamedKind, readonly NameJudge[]>>;

const NO_JUDGES: readonly NameJudge[] = [];

export class Access {
  readonly #judges: Judges;
  /** Sees every message of a list before it is filtered; null: nobody wants to. */
  readonly inspect: InspectMessage | null;

  constructor(judges: Judges, inspect: InspectMessage | null = null) {
    this.#judges = judges;
    this.inspect = inspect;
  }

  get judges(): Judges {
    return this.#judges;
  }

  /** Whether any rule is about this kind. */
  restricts(kind: NamedKind): boolean {
    return this.#judges[kind].length > 0;
  }

  admits(kind: NamedKind, name: string): boolean {
    const judges = this.#judges[kind];
    if (judges.length === 0) return true;
    if (kind !== 'resources') return judges.every((judge) => judge.admits(name));
    // One resource has many spellings; it exists when every one that we know of does.
    return uriForms(name).every((form) => judges.every((judge) => judge.admits(form)));
  }
}

/** Null when there is no judge at all. */
export function accessOf(
  judges: Partial<Judges>,
  inspect: InspectMessage | null = null,
): Access | null {
  const { tools = NO_JUDGES, prompts = NO_JUDGES, resources = NO_JUDGES } = judges;
  if (tools.length + prompts.length + resources.length === 0) return null;
  return new Access({ tools, prompts, resources }, inspect);
}

/** A worker's view of who may see what. Entries live as long as the identity they belong to is cached. */
export class AccessTable {
  readonly #byPrincipal = new WeakMap<Principal, Map<string, Known>>();

  /** `ofServer`: what the server's own rules leave; another one makes what was kept void. */
  of(principal: Principal, server: string, ofServer: Access | null): Access | null {
    const granted = grantFor(principal, server)?.tools ?? null;
    if (principal.tools === null && granted === null) return ofServer;
    let known = this.#byPrincipal.get(principal);
    if (known === undefined) {
      known = new Map();
      this.#byPrincipal.set(principal, known);
    }
    let entry = known.get(server);
    if (entry?.ofServer !== ofServer) {
      entry = undefined;
    }
    if (entry === undefined) {
      const judges = [principal.tools, granted]
        .map((rules) => (rules === null ? null : nameFilter(rulesForServer(rules, server))))
        .filter((judge) => judge !== null);
      entry = { ofServer, access: judges.length === 0 ? ofServer : joined(ofServer, judges) };
      known.set(server, entry);
    }
    return entry.access;
  }
}

interface Known {
  readonly ofServer: Access | null;
  readonly access: Access | null;
}

function joined(ofServer: Access | null, tools: readonly NameJudge[]): Access {
  const judges = ofServer?.judges ?? { tools: NO_JUDGES, prompts: NO_JUDGES, resources: NO_JUDGES };
  return new Access({ ...judges, tools: [...judges.tools, ...tools] }, ofServer?.inspect ?? null);
}

/**
 * The URI as written, as the URL standard writes it (scheme and host in lower case, dot segments resolved),
 * and that again without percent signs, so that `file:///a/../secret` and `file:///%73ecret` are judged as what
 * they reach.
 */
function uriForms(uri: string): readonly string[] {
  const written = normalUrl(uri);
  if (written === null) return [uri];
  const decoded = decodedOrNull(written);
  if (decoded === null || decoded === written) return [uri, written];
  return [uri, written, decoded, normalUrl(decoded) ?? decoded];
}

function normalUrl(uri: string): string | null {
  return URL.canParse(uri) ? new URL(uri).href : null;
}

function decodedOrNull(uri: string): string | null {
  try {
    return decodeURIComponent(uri);
  } catch {
    return null; // A percent sign that encodes nothing: servers cannot decode it either.
  }
}
