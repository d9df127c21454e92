/**
 * Whether a proven identity may use a server. A credential without a list may use every server; a grant can
 * refuse what the credential allows, and never allows what the credential does not name.
 */
import { GatewayError } from '../kernel/errors.js';
import { grantFor } from './grant-book.js';
import type { Principal } from './principal.js';

/** Throws GW_FORBIDDEN when the principal's credential does not name the server, or a grant refuses it. */
export function authorizeServer(principal: Principal, server: string): void {
  const { servers } = principal;
  if (grantFor(principal, server)?.effect === 'deny') {
    throw new GatewayError('GW_FORBIDDEN', {
      hint: `This user was refused the server; an operator sees why with: multi-mcp grants list`,
      data: { server },
      log: { user: principal.user, keyId: principal.keyId },
    });
  }
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
