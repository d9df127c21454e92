/** What an upstream host says of a legacy server that was asked whether it is well (host/legacy-check.ts). */
export const CHECK_META = 'multi-mcp/check';

/** Names kept of a server's tools: enough for metrics, which show fewer. */
export const MAX_CHECKED_TOOLS = 1000;

export interface LegacyCheckAnswer {
  /** Who answered: an instance that serves a session, one started to ask, or none, proven a while ago. */
  readonly by: 'session' | 'instance' | 'idle';
  /** Null: it was not asked. */
  readonly tools: readonly string[] | null;
}
