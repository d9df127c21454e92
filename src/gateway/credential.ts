/**
 * The credential inside a request's headers (RFC 6750 §2.1, and X-API-Key for clients that cannot set
 * Authorization). Other schemes count as absent: a proxy in front may have a Basic login of its own.
 */
import type { PresentedCredentials } from './authenticator.js';

export type Credential =
  | { readonly kind: 'none' }
  /** Two different ones: which of them is meant would be a guess (RFC 6750 §3.1 invalid_request). */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'one'; readonly text: string };

const NONE: Credential = { kind: 'none' };
const AMBIGUOUS: Credential = { kind: 'ambiguous' };

export function readCredential(presented: PresentedCredentials): Credential {
  const bearer = bearerIn(presented.authorization);
  const apiKey = presented.apiKey?.trim() ?? '';
  if (bearer !== '' && apiKey !== '' && bearer !== apiKey) return AMBIGUOUS;
  const text = bearer === '' ? apiKey : bearer;
  return text === '' ? NONE : { kind: 'one', text };
}

/** Empty when there is no Bearer credential. The scheme's case does not matter (RFC 9110 §11.1). */
function bearerIn(authorization: string | undefined): string {
  if (authorization === undefined) return '';
  if (authorization.startsWith('Bearer ')) return authorization.slice(7).trim();
  return /^bearer +(.*)$/i.exec(authorization)?.[1]?.trim() ?? '';
}
