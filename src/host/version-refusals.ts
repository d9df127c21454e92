/** What a client hears when the server has no revision of its era, so that it can try the other one. */
import { GatewayError } from '../kernel/errors.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../mcp/versions.js';

/** To a legacy client of a modern server (SDK `modernOnlyStrictRejection`). */
export function modernOnly(requested: string | null): GatewayError {
  return new GatewayError('GW_VERSION_UNSUPPORTED', {
    hint: `This server speaks ${MODERN_VERSIONS.join(', ')} only, which has no "initialize".`,
    data: { supported: [...MODERN_VERSIONS], ...(requested === null ? {} : { requested }) },
  });
}

/** To a modern client of a legacy server: it falls back to `initialize`. */
export function legacyOnly(requested: string | null): GatewayError {
  return new GatewayError('GW_VERSION_UNSUPPORTED', {
    hint: 'This server speaks earlier revisions, which begin with "initialize".',
    data: { supported: [...LEGACY_VERSIONS], requested: requested ?? '' },
  });
}

/** To a modern client that names a version the server does not serve. `supported` is what discovery says. */
export function unserved(requested: string, supported: readonly string[]): GatewayError {
  return new GatewayError('GW_VERSION_UNSUPPORTED', { data: { supported, requested } });
}
