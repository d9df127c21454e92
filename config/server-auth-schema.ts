/** Who may use a server by OAuth scope, and how the gateway proves itself to it. */
import { z } from 'zod';
import { httpUrl, text } from './value-kinds.js';

/** RFC 6749 §3.3: printable ASCII without space, quote and backslash, so that it can stand in a challenge. */
const scopeToken = z.string().regex(/^[!#-[\]-~]{1,256}$/, 'is not an OAuth scope');
const scopeList = z.array(scopeToken).max(32);

export const scopes = z
  .strictObject({
    required: scopeList.default([]).describe('Every token needs these for any use of the server.'),
    tools: z
      .record(text, scopeList)
      .default({})
      .describe(
        'And these to call a tool: by its name, `*` for any characters; all that match count.',
      ),
  })
  .prefault({})
  .describe('OAuth scopes that tokens need here. API keys have none and need none.');

export const oauth = z
  .strictObject({
    tokenUrl: httpUrl.describe('Where tokens are issued; https, or http on this machine.'),
    clientId: text.describe('The gateway as the issuer knows it.'),
    clientSecret: text.describe('Its secret; keep it in the environment and write `${NAME}`.'),
    scopes: scopeList.default([]).describe('Scopes to ask for.'),
    resource: httpUrl
      .optional()
      .describe('The server as the issuer names it (RFC 8707); `url` if absent.'),
    clientAuthentication: z
      .enum(['basic', 'post'])
      .default('basic')
      .describe('The secret in the Authorization header, or in the body.'),
  })
  .describe("http: the gateway's own token for this server, by OAuth client credentials.");
