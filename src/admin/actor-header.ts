/** Who runs a command, as the command line tells the gateway it asks; for the audit trail. */
export const ACTOR_HEADER = 'x-multi-mcp-actor';
