/**
 * One master key, many purposes: HKDF-SHA-256 (RFC 5869) with the purpose as `info`, so that no two uses
 * share a key and a leaked subkey says nothing about the others.
 */
import { hkdfSync } from 'node:crypto';

/**
 * pepper: API key hashes; session: sealed session ids; credentials: users' upstream credentials at rest;
 * servers: entries of servers added at run time.
 */
export type KeyPurpose = 'pepper' | 'session' | 'credentials' | 'servers';

const SUBKEY_BYTES = 32;

/**
 * The 32-byte subkey of a purpose. The same master and purpose give the same bytes in every process and
 * release: stored hashes and sealed values depend on it.
 */
export function deriveKey(masterKey: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `multi-mcp ${purpose} v1`, SUBKEY_BYTES));
}
