/**
 * Secrets the gateway makes for itself when none was given (`data/jwt-secret`, `data/master-key`): made
 * once, readable by the owner only, never half-written. The file holds base64 text and that text is the
 * secret, so `JWT_SECRET="$(cat data/jwt-secret)"` means the same elsewhere.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../kernel/make-folder.js';

export type SecretName = 'jwt-secret' | 'master-key';

/** The secret exists but must not be used as it is; the message ends with the command that repairs it. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

export interface SecretFileOptions {
  readonly dataDir: string;
  readonly name: SecretName;
  /** Random bytes of a new secret; its text is longer by a third. */
  readonly bytes: number;
}

/** Rejects with SecretFileError when others may read the file or when it is too short to be a secret. */
export async function loadOrCreateSecret(options: SecretFileOptions): Promise<string> {
  const path = join(options.dataDir, options.name);
  return (await readSecret(path)) ?? (await createSecret(path, options));
}

/** Shorter secrets can be guessed offline (RFC 7518 section 3.2: a key at least as long as the hash). */
const MIN_SECRET_CHARS = 32;

async function readSecret(path: string): Promise<string | null> {
  let mode: number;
  try {
    ({ mode } = await stat(path));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
  if ((mode & 0o077) !== 0) {
    throw new SecretFileError(
      `${path} can be read or changed by other users (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 '${path}'`,
    );
  }
  const secret = (await readFile(path, 'utf8')).trim();
  if (secret.length < MIN_SECRET_CHARS) {
    throw new SecretFileError(
      `${path} holds fewer than ${MIN_SECRET_CHARS} characters. Remove it to have a new one made, or run: openssl rand -base64 48 > '${path}'`,
    );
  }
  return secret;
}

async function createSecret(path: string, options: SecretFileOptions): Promise<string> {
  makeFolder(options.dataDir, 0o700);
  const secret = randomBytes(options.bytes).toString('base64');
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    try {
      await file.writeFile(`${secret}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // link, unlike rename, refuses to replace: of two processes one wins and the other reads its secret.
    await link(draft, path);
    return secret;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    const winner = await readSecret(path);
    if (winner === null) throw error;
    return winner;
  } finally {
    // A full disk too leaves a file, and each start would leave one more.
    await unlink(draft);
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
