/** Whether a proven identity may use a server. A credential without a list may use every server. */
import { GatewayError } from '../kernel/errors.js';
import type { Principal } from './principal.js';

/** Throws GW_FORBIDDEN when the principal's credential does not name the server. */
export function authorizeServer(principal: Principal, server: string): void {
  const { servers } = principal;
  if (servers === null || servers.has(server)) return;
  throw new GatewayError('GW_FORBIDDEN', {
    hint:
      principal.keyId === null
        ? `This token does not name the server; mint one that does: multi-mcp token --user NAME --servers ${server}`
        : `This API key does not name the server; make one that does: multi-mcp keys create --user NAME --servers ${server}`,
    data: { server },
    log: { user: principal.user, keyId: principal.keyId },
  });
}
