/**
 * What the rules about names do to one request: nothing, usually; its target does not exist for the caller;
 * it asks for a list or stream whose messages must be rewritten; or it loses subscriptions it may not have.
 */
import type { ClassifiedPost } from '../mcp/classify.js';
import { withoutHidden } from '../mcp/list-message.js';
import {
  listedKind,
  namedTarget,
  pruneSubscriptions,
  type NamedTarget,
} from '../mcp/named-target.js';
import type { ScannedMessage } from '../mcp/scan-message.js';
import { GatewayError } from '../kernel/errors.js';
import type { Access } from './access.js';
import type { RewriteMessage } from './rewriting-transport.js';

export interface Restriction {
  /** What the request names and its caller may not see; null where it may go on. */
  readonly hidden: NamedTarget | null;
  /** What its answers go through; null where they pass as they are. */
  readonly rewrite: RewriteMessage | null;
  /** In place of the body that came; null: that one. */
  readonly body: Buffer | null;
}

const NONE: Restriction = { hidden: null, rewrite: null, body: null };

/** `post` is null for GET and DELETE. Throws GW_BAD_REQUEST for what cannot be judged. */
export function restrictRequest(
  access: Access,
  post: ClassifiedPost | null,
  httpMethod: string,
): Restriction {
  const rewrite: RewriteMessage = (message) => {
    access.inspect?.(message);
    return withoutHidden(message, (kind, name) => access.admits(kind, name));
  };
  if (post === null) {
    // A resumed stream may bring the answer to a list that was asked for before.
    return httpMethod === 'GET' ? { ...NONE, rewrite } : NONE;
  }
  if (post.era === 'legacy' && post.isBatch) {
    post.messages.forEach(refuseInBatch);
    return NONE;
  }
  const message = post.era === 'modern' ? post.message : post.messages[0];
  if (message === undefined) return NONE;
  if (message.method === 'subscriptions/listen') {
    if (!access.restricts('resources')) return NONE;
    const body = pruneSubscriptions(message, (uri) => access.admits('resources', uri));
    return { hidden: null, rewrite, body: body === message.bytes ? null : body };
  }
  const listed = listedKind(message.method);
  if (listed !== undefined) return access.restricts(listed) ? { ...NONE, rewrite } : NONE;
  const target = namedTarget(message);
  if (target === null || !access.restricts(target.kind)) return NONE;
  const { kind, name } = target;
  return name !== null && access.admits(kind, name) ? NONE : { ...NONE, hidden: target };
}

/** Their answers come mixed, in one array or stream; the one revision that has batches is rare. */
function refuseInBatch(message: ScannedMessage): void {
  if (listedKind(message.method) === undefined && namedTarget(message) === null) return;
  throw new GatewayError('GW_BAD_REQUEST', {
    hint: `Send "${message.method}" by itself: names are restricted here, and batches cannot be filtered.`,
  });
}
