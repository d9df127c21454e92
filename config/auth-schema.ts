/** The `auth` group: who may call, and whose tokens are believed. */
import { z } from 'zod';
import { count, httpUrl, milliseconds, seconds, text } from './value-kinds.js';

const jwtKey = z.strictObject({
  keyId: text
    .optional()
    .describe('Only tokens with this `kid`; any token of its algorithm if absent.'),
  algorithm: z.enum(['RS256', 'ES256', 'EdDSA']).describe('The one algorithm this key verifies.'),
  publicKey: text.optional().describe('The key itself, PEM.'),
  publicKeyFile: text.optional().describe("The key's file, PEM; relative to this file's folder."),
});

export const authGroup = z.strictObject({
  required: z
    .boolean()
    .default(true)
    .describe(
      'Whether MCP calls need an API key or token. false makes every caller one anonymous user.',
    ),
  negativeCacheTtl: milliseconds(0, 60_000)
    .default(5000)
    .describe('How long a refused key or token is refused without asking again.'),
  failedCredentialsPerSecond: count(0, 100_000)
    .default(100)
    .describe(
      'Refused keys and tokens of one client address (IPv6: of one /64 network) in each worker, with bursts of ten times as many; beyond, its new ones get 429 and are not verified. Known ones go on. Loopback is not limited. 0 = no limit.',
    ),
  authorizationServers: z
    .array(httpUrl)
    .default([])
    .describe('OAuth issuers named in the protected-resource metadata (RFC 9728).'),
  jwt: z
    .strictObject({
      issuer: text.optional().describe('Required `iss`.'),
      audience: text
        .optional()
        .describe(
          'Required `aud`; with `authorizationServers`, the public URL of the gateway or of a server will do as well.',
        ),
      leewaySeconds: seconds(0, 60).default(30).describe('Clock difference allowed.'),
      maxLifetimeSeconds: seconds(60, 31_536_000)
        .default(86_400)
        .describe('Tokens that live longer than this are refused.'),
      keys: z.array(jwtKey).max(32).default([]).describe('Public keys of external issuers.'),
      jwksUrls: z.array(httpUrl).max(8).default([]).describe('JWKS documents of external issuers.'),
    })
    .prefault({})
    .describe('Tokens signed with JWT_SECRET (HS256), or by the issuers below.'),
});
