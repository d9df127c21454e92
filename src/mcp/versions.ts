/**
 * MCP revisions and their eras. Legacy revisions open with `initialize` and may hold a session;
 * modern ones (from 2026-07-28) carry everything in each request.
 * An own list, because the SDK's exported constants name legacy revisions only.
 */

export type Era = 'legacy' | 'modern';

export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'] as const;
export const MODERN_VERSIONS = ['2026-07-28'] as const;

export type LegacyVersion = (typeof LEGACY_VERSIONS)[number];
export type ModernVersion = (typeof MODERN_VERSIONS)[number];

/** Newest legacy revision: what `initialize` counter-offers to a version it does not know. */
export const LATEST_LEGACY_VERSION: LegacyVersion = '2025-11-25';

/** Older ones that a server may still negotiate; passed through, never offered by us. */
const OLDER_VERSIONS = ['2024-11-05', '2024-10-07'];

/** Whether a request after `initialize` may name this version: the server chose it, so it decides. */
export function isPassableVersion(version: string): boolean {
  return isLegacyVersion(version) || OLDER_VERSIONS.includes(version);
}

export function isLegacyVersion(version: string): version is LegacyVersion {
  return (LEGACY_VERSIONS as readonly string[]).includes(version);
}

export function isModernVersion(version: string): version is ModernVersion {
  return (MODERN_VERSIONS as readonly string[]).includes(version);
}
