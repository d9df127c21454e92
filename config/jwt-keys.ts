/**
 * Public keys of external token issuers, read once at load so that no worker needs the files, and refused when the key
 * cannot belong to its algorithm: RFC 8725 §3.1 ties each key to one, or a token could choose how it is checked.
 */
import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JwtAlgorithm, JwtPublicKey } from './config.js';
import type { Report, SettingPath } from './problem.js';
import type { ConfigFile } from './schema.js';

type KeyEntry = ConfigFile['auth']['jwt']['keys'][number];

/** `folder` is the configuration file's; entries with a problem are left out. */
export function readJwtKeys(
  entries: readonly KeyEntry[],
  folder: string,
  report: Report,
): JwtPublicKey[] {
  return entries.flatMap((entry, i) => {
    const path = ['auth', 'jwt', 'keys', i];
    const pem = pemOf(entry, folder, path, report);
    const key = pem === null ? null : toKey(pem, path, report);
    if (key === null) return [];
    if (!fits(key, entry.algorithm)) {
      const message = `is ${entry.algorithm}, but the key is ${key.asymmetricKeyType ?? 'of another kind'}`;
      report([...path, 'algorithm'], { message });
      return [];
    }
    const { keyId = null, algorithm } = entry;
    return [{ keyId, algorithm, pem: key.export({ type: 'spki', format: 'pem' }).toString() }];
  });
}

function pemOf(
  { publicKey, publicKeyFile }: KeyEntry,
  folder: string,
  path: SettingPath,
  report: Report,
): string | null {
  if ((publicKey === undefined) === (publicKeyFile === undefined)) {
    report(path, { message: 'needs exactly one of "publicKey" and "publicKeyFile"' });
    return null;
  }
  if (publicKeyFile === undefined) return publicKey ?? null;
  try {
    return readFileSync(resolve(folder, publicKeyFile), 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report([...path, 'publicKeyFile'], { message: `cannot be read: ${reason}` });
    return null;
  }
}

function toKey(pem: string, path: SettingPath, report: Report): KeyObject | null {
  if (pem.includes('PRIVATE KEY')) {
    report(path, {
      message: 'is a private key; the gateway needs the public one',
      hint: 'openssl pkey -in private.pem -pubout',
    });
    return null;
  }
  try {
    return createPublicKey(pem);
  } catch {
    // OpenSSL's reasons are codes that help nobody.
    report(path, { message: 'is no public key in PEM form (-----BEGIN PUBLIC KEY-----)' });
    return null;
  }
}

function fits(key: KeyObject, algorithm: JwtAlgorithm): boolean {
  switch (algorithm) {
    case 'RS256':
      return (
        key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
      );
    case 'ES256':
      return key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    case 'EdDSA':
      return key.asymmetricKeyType === 'ed25519';
  }
}
