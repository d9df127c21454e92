/**
 * The `Mcp-Session-Id` a client holds: the upstream's own id, sealed with AES-256-GCM and bound to
 * server and user, so any worker can serve it, it survives every restart of ours, and nobody else's
 * token opens it. The key is derived once at start (a per-request key derivation cost a peer tens of ms).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/**
 * Longer ids are neither given out nor opened. Some servers keep the session itself in its id, as a signed token of
 * one or two thousand characters; sealed, it is a third longer, and it must fit a request's head.
 */
export const MAX_SESSION_ID_CHARS = 4096;

export interface SessionBinding {
  readonly server: string;
  readonly user: string;
}

/** Visible ASCII as MCP demands. `key` has 32 bytes. */
export function sealSessionId(
  key: Uint8Array,
  binding: SessionBinding,
  upstreamId: string,
): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(associatedData(binding));
  const sealed = Buffer.concat([cipher.update(upstreamId, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), iv, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** The upstream's session id; null when the id is not ours, was changed, or belongs to someone else. */
export function unsealSessionId(
  key: Uint8Array,
  binding: SessionBinding,
  sessionId: string,
): string | null {
  if (sessionId.length > MAX_SESSION_ID_CHARS) return null;
  const bytes = Buffer.from(sessionId, 'base64url');
  if (bytes.length < 1 + IV_BYTES + TAG_BYTES || bytes[0] !== FORMAT) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + IV_BYTES));
  decipher.setAAD(associatedData(binding));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const sealed = bytes.subarray(1 + IV_BYTES, -TAG_BYTES);
  try {
    return decipher.update(sealed, undefined, 'utf8') + decipher.final('utf8');
  } catch {
    // Authentication failed: forged, truncated, or bound to another user or server.
    return null;
  }
}

function associatedData({ server, user }: SessionBinding): Buffer {
  // Lengths keep ("ab","c") apart from ("a","bc").
  return Buffer.from(JSON.stringify([server, user]));
}
