/**
 * Users' upstream credentials at rest: AES-256-GCM under a key derived from the master key, bound to user and
 * server, so that a sealed value moved to another row opens for nobody. While the master key is rotated,
 * values sealed under the previous one still open, and what is written is sealed under the new one.
 *
 *   format u8 · key version u32 · iv 12 bytes · sealed value · tag 16 bytes
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const FORMAT = 1;
const HEAD_BYTES = 5;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Room for a PEM key or a large token; every header and environment holds it. */
export const MAX_CREDENTIAL_BYTES = 16 * 1024;

export interface CredentialBinding {
  readonly user: string;
  readonly server: string;
}

interface SealKey {
  readonly version: number;
  readonly key: Uint8Array;
}

export class CredentialSeal {
  readonly #current: SealKey;
  readonly #keys: readonly SealKey[];

  /** Keys of 32 bytes; the first seals, the others (of former master keys) only open. */
  constructor(current: Uint8Array, previous: readonly Uint8Array[] = []) {
    this.#current = sealKey(current);
    this.#keys = [this.#current, ...previous.map(sealKey)];
  }

  /** Of the key that seals: tells which values are still to be sealed anew. */
  get keyVersion(): number {
    return this.#current.version;
  }

  /** Whether it was sealed under the key that seals now. */
  isCurrent(sealed: Uint8Array): boolean {
    const bytes = Buffer.from(sealed);
    return bytes.length >= HEAD_BYTES && bytes.readUInt32BE(1) === this.#current.version;
  }

  seal(binding: CredentialBinding, value: string): Buffer {
    const { version, key } = this.#current;
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = FORMAT;
    head.writeUInt32BE(version, 1);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(associatedData(head, binding));
    const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    return Buffer.concat([head, iv, sealed, cipher.getAuthTag()]);
  }

  /** Null when it was sealed under a key we do not have, for someone else, or was changed. */
  open(binding: CredentialBinding, sealed: Uint8Array): string | null {
    const bytes = Buffer.from(sealed);
    if (bytes.length < HEAD_BYTES + IV_BYTES + TAG_BYTES || bytes[0] !== FORMAT) return null;
    const version = bytes.readUInt32BE(1);
    const key = this.#keys.find((each) => each.version === version);
    if (key === undefined) return null;
    const ivEnd = HEAD_BYTES + IV_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', key.key, bytes.subarray(HEAD_BYTES, ivEnd));
    decipher.setAAD(associatedData(bytes.subarray(0, HEAD_BYTES), binding));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const value = bytes.subarray(ivEnd, -TAG_BYTES);
      return decipher.update(value, undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return null; // Authentication failed.
    }
  }
}

/** The version is a fingerprint of the key, so that nobody has to number master keys. */
function sealKey(key: Uint8Array): SealKey {
  return { key, version: createHash('sha256').update(key).digest().readUInt32BE(0) };
}

function associatedData(head: Uint8Array, { user, server }: CredentialBinding): Buffer {
  return Buffer.concat([head, Buffer.from(JSON.stringify([user, server]))]);
}
