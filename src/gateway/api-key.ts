/**
 * API keys: `mmcp_<id 12>_<secret 43>_<crc32 6>`. The id finds the record, the secret (256 random bits)
 * proves, the checksum lets typing and copying errors, and other people's secret scanners, be told from
 * guesses without asking the store. Parsed by fixed lengths, because base64url holds `_` itself. At rest there is
 * only an HMAC under a pepper kept outside the store; stretching is for passwords, not for 256 random bits.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'mmcp_';
const ID_CHARS = 12;
const SECRET_BYTES = 32;
const SECRET_CHARS = 43;
const BODY_CHARS = PREFIX.length + ID_CHARS + 1 + SECRET_CHARS;
/** 32 letters and digits that people do not mix up: 5 bits each, so a masked random byte is unbiased. */
const ID_ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

const ID_SHAPE = /^[a-km-np-z2-9]{12}$/;
const SHAPE = /^mmcp_([a-km-np-z2-9]{12})_[\w-]{43}_[\w-]{6}$/;

export interface MintedKey {
  readonly id: string;
  /** The whole key. It is not kept anywhere. */
  readonly key: string;
}

export function mintApiKey(): MintedKey {
  const id = Array.from(randomBytes(ID_CHARS), (byte) => ID_ALPHABET.charAt(byte & 31)).join('');
  const body = `${PREFIX}${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, key: `${body}_${checksum(body)}` };
}

/** Whether a credential means to be one of our API keys; says nothing about its being right. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith(PREFIX);
}

/** Whether a text can be the public id of a key. */
export function isApiKeyId(text: string): boolean {
  return ID_SHAPE.test(text);
}

/** The id inside, or null when the text is no API key of ours or was damaged on its way. */
export function apiKeyId(credential: string): string | null {
  const match = SHAPE.exec(credential);
  if (match?.[1] === undefined) return null;
  const body = credential.slice(0, BODY_CHARS);
  return checksum(body) === credential.slice(BODY_CHARS + 1) ? match[1] : null;
}

/** What is kept of a key: HMAC-SHA-256 over all of it, hex. */
export function hashApiKey(credential: string, pepper: KeyObject): string {
  return createHmac('sha256', pepper).update(credential).digest('hex');
}

/** A fingerprint, so that nobody has to number peppers: tells which one made a hash, and nothing of it. */
export function pepperVersion(pepper: KeyObject): number {
  return createHash('sha256').update(pepper.export()).digest().readUInt32BE(0);
}

/** Compares in constant time; hashes of another length are unequal. */
export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === 32 && right.length === 32 && timingSafeEqual(left, right);
}

function checksum(body: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64url');
}
