/**
 * One entry of `servers`, and one of `mcpServers` in the spelling of Claude, Cursor and VS Code, which people paste
 * unchanged. Which source keys go together is checked in server-source.ts, where the message can say what to do.
 */
import { z } from 'zod';
import { oauth, scopes } from './server-auth-schema.js';
import {
  bytes,
  count,
  environment,
  headerName,
  headers as headerRecord,
  milliseconds,
  serverUrl,
  text,
} from './value-kinds.js';

/** One shape for everything that has a name clients use. */
function nameRules(what: string, names: string) {
  return z
    .strictObject({
      allow: z
        .array(text)
        .optional()
        .describe(`Only these ${what} exist for clients: ${names}, \`*\` for any characters.`),
      deny: z
        .array(text)
        .default([])
        .describe(`These ${what} do not exist for clients, even when allowed.`),
    })
    .prefault({})
    .describe(`Which ${what} clients see and may use.`);
}

/** What the gateway does with a server, whatever its source. */
const policyKeys = {
  rateLimit: z
    .strictObject({
      requestsPerMinute: count(1, 100_000_000).describe('Refill of the token bucket a minute.'),
      burstSize: count(1, 10_000_000).describe('Size of the token bucket.'),
    })
    .optional()
    .describe("This server's token bucket, in place of `global.perServerLimit`."),
  connectionPool: z
    .strictObject({
      maxConnections: count(1, 100_000)
        .optional()
        .describe('Calls in flight to this server, in place of `global.maxConnectionsPerServer`.'),
      adaptiveLimit: z
        .enum(['aimd', 'gradient2'])
        .default('aimd')
        .describe(
          'How the number of calls in flight adapts where `global.enableAdaptiveRateLimit` is on: to timeouts, 429 and 503 (aimd), or to latency too (gradient2).',
        ),
      requestTimeout: milliseconds(10)
        .default(30_000)
        .describe('Longest wait for an answer, counted from admission.'),
      streamIdleTimeout: milliseconds(1000)
        .default(300_000)
        .describe(
          'A streamed answer that stays silent for this long is ended; streams that only listen may be silent.',
        ),
      streamMaxTime: milliseconds(1000)
        .default(3_600_000)
        .describe('Longest life of one streamed answer.'),
    })
    .prefault({})
    .describe('Concurrency and deadlines of this server.'),
  era: z
    .enum(['auto', 'legacy', 'modern'])
    .default('auto')
    .describe(
      'MCP revisions spoken with a stdio, module or HTTP+SSE server: up to 2025-11-25 (legacy), 2026-07-28 (modern), or whatever it answers to (auto). A Streamable HTTP server gets what the client speaks.',
    ),
  maxBodyBytes: bytes(1024, 67_108_864)
    .optional()
    .describe('Largest request body for this server, in place of `http.maxBodyBytes`.'),
  tools: nameRules('tools', 'tool names'),
  prompts: nameRules('prompts', 'prompt names'),
  resources: nameRules('resources', 'URIs and URI templates'),
  scopes,
  pinning: z
    .enum(['off', 'allow', 'warn', 'quarantine'])
    .default('off')
    .describe(
      'When the server changes the definition of a tool: nobody looks, the change is pinned, operators are told, or the tool is also hidden until `multi-mcp servers approve`.',
    ),
  credential: z
    .strictObject({
      header: headerName('choose another header')
        .optional()
        .describe('HTTP servers: the header that carries it.'),
      prefix: z.string().optional().describe('Text before it in that header, such as `Bearer `.'),
      env: text.optional().describe('stdio servers: the environment variable.'),
      context: text.optional().describe('Modules: its name in their context.'),
    })
    .optional()
    .describe("Where each user's own stored credential goes (`multi-mcp credentials set`)."),
};

const command = text.describe('stdio: the program, looked up on PATH; no shell.');
const args = z.array(z.string()).describe('stdio: its arguments.');
const env = environment.describe('stdio: environment variables it gets besides PATH and HOME.');
const cwd = text.describe("stdio: its working directory; relative to this file's folder.");
const headers = headerRecord.describe('http: headers sent with every request.');

export const serverEntry = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether clients can reach this server.'),
  module: text.optional().describe("A JavaScript module to load; relative to this file's folder."),
  command: command.optional(),
  args: args.optional(),
  env: env.optional(),
  cwd: cwd.optional(),
  idleTimeout: milliseconds(1000)
    .optional()
    .describe(
      'stdio: a process nobody used for this long is stopped; `global.idleTimeout` if absent.',
    ),
  maxProcesses: count(1, 10_000)
    .optional()
    .describe(
      'stdio: processes of this server at once, one for each session; 16 if absent. When all are taken, an unused one gives way to a user who has fewer.',
    ),
  maxLineBytes: bytes(1024, 268_435_456)
    .optional()
    .describe('stdio: longest message it may print; 4194304 if absent.'),
  url: serverUrl.optional().describe('http: the MCP endpoint.'),
  headers: headers.optional(),
  transport: z
    .enum(['http', 'sse'])
    .optional()
    .describe('http: streamable HTTP, or HTTP+SSE; `sse` if absent and the path ends in /sse.'),
  oauth: oauth.optional(),
  ...policyKeys,
});

/** Loose: clients keep adding keys of their own. Those we know nothing of are warned about, not refused. */
export const clientEntry = z.looseObject({
  type: z
    .enum(['stdio', 'http', 'sse', 'streamable-http', 'streamableHttp'])
    .optional()
    .describe('As the client wrote it.'),
  disabled: z.boolean().optional().describe('The opposite of `enabled`.'),
  enabled: z.boolean().optional().describe('Whether clients can reach this server.'),
  command: command.optional(),
  args: args.optional(),
  env: env.optional(),
  cwd: cwd.optional(),
  url: serverUrl.optional().describe('http: the MCP endpoint.'),
  serverUrl: serverUrl.optional().describe('Windsurf for `url`.'),
  httpUrl: serverUrl.optional().describe('Gemini for `url`.'),
  headers: headers.optional(),
  ...policyKeys,
});

export type ServerEntry = z.output<typeof serverEntry>;
export type ClientEntry = z.output<typeof clientEntry>;
export type PolicyKey = keyof typeof policyKeys;
