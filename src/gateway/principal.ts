/** Who is asking, after the credential was proven. Everything later steps may know about identity. */
import type { CallLimits, ToolRules } from '../store/access-rules.js';
import type { Grant } from '../store/grants.js';

export interface Principal {
  /** API keys and tokens name users in one space: the same name is the same person. */
  readonly user: string;
  /** Public id of the API key that the identity stands or falls with; null for a token that names none. */
  readonly keyId: string | null;
  /** Names of the only servers this credential may use; null means every server. */
  readonly servers: ReadonlySet<string> | null;
  /** What the API key says of tools on every server; null = nothing, and for tokens. */
  readonly tools: ToolRules | null;
  /** The API key's own limits, which count per `keyId`; null = none, and for tokens. */
  readonly limits: CallLimits | null;
  /** What the user was granted or refused by server; see grantFor. Null or absent = nothing. */
  readonly grants?: ReadonlyMap<string, Grant> | null;
  /** The only servers a token is meant for by its audience; null or absent means every server. */
  readonly audienceServers?: ReadonlySet<string> | null;
  /** Whether the credential may see operator data (details of /health, dashboard). Never true for a token. */
  readonly isAdmin: boolean;
  /** Entries of a token's `scope` claim; null for API keys, which are not subject to scopes. */
  readonly scopes: ReadonlySet<string> | null;
  /** Wall-clock milliseconds since the Unix epoch after which the credential is void; null = never. */
  readonly expiresAtMs: number | null;
}
