/** Makes HS256 tokens that this gateway accepts: for tests, scripts, and users without an identity provider. */
import { randomUUID, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';

export interface MintTokenOptions {
  readonly user: string;
  /** Null = every server. */
  readonly servers: readonly string[] | null;
  readonly expiresInSeconds: number;
  /** Seconds since the Unix epoch. */
  readonly nowSeconds: number;
  readonly issuer: string | null;
  readonly audience: string | null;
  /** A KeyObject, never text: jsonwebtoken tries text as a public key first, at fifty times the cost. */
  readonly secret: KeyObject;
}

export function mintToken(options: MintTokenOptions): string {
  const { servers, nowSeconds, issuer, audience } = options;
  return jwt.sign(
    {
      sub: options.user,
      iat: nowSeconds,
      exp: nowSeconds + options.expiresInSeconds,
      jti: randomUUID(),
      ...(servers === null ? {} : { servers }),
      ...(issuer === null ? {} : { iss: issuer }),
      ...(audience === null ? {} : { aud: audience }),
    },
    options.secret,
    { algorithm: 'HS256' },
  );
}
