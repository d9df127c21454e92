/** The gateway as it ships: authentication, request log and metrics on, in a directory of its own. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, type Started } from './started.js';

export interface StartedGateway extends Started {
  readonly apiKey: string;
  readonly jwtSecret: string;
  readonly dataDir: string;
}

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export async function startGateway(
  port: number,
  upstreamPort: number,
  settings: {
    readonly workers: number;
    readonly global?: object | undefined;
    readonly http?: object | undefined;
    readonly servers?: object | undefined;
    /** Default: the embedded store. */
    readonly mongodbUri?: string | undefined;
    readonly logDir?: string | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
    /** Of an external issuer whose tokens carry the kid `perf`. */
    readonly publicKeyPem: string;
  },
): Promise<StartedGateway> {
  const dir = mkdtempSync(join(tmpdir(), 'multi-mcp-perf-'));
  const config = join(dir, 'config.json');
  const jwtSecret = randomBytes(32).toString('base64');
  writeFileSync(
    config,
    JSON.stringify({
      global: {
        port,
        workers: settings.workers,
        ...settings.global,
      },
      auth: {
        jwt: {
          issuer: 'perf',
          audience: 'perf',
          keys: [{ keyId: 'perf', algorithm: 'RS256', publicKey: settings.publicKeyPem }],
        },
      },
      http: settings.http,
      servers: { fast: { url: `http://127.0.0.1:${upstreamPort}/mcp` }, ...settings.servers },
    }),
  );
  const dataDir = join(dir, 'data');
  const env = {
    ...settings.env,
    MULTI_MCP_CONFIG: config,
    DATA_DIR: dataDir,
    LOG_DIR: settings.logDir ?? join(dir, 'logs'),
    JWT_SECRET: jwtSecret,
    MONGODB_URI: settings.mongodbUri ?? '',
  };
  const gateway = await start(process.execPath, [MAIN], 'Multi-MCP Server', env);
  const cli = (...args: string[]): Record<string, string> =>
    JSON.parse(
      execFileSync(process.execPath, [CLI, ...args, '--json'], {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      }),
    ) as Record<string, string>;
  const { key = '' } = cli('keys', 'create', '--user', 'perf');
  return { ...gateway, apiKey: key, jwtSecret, dataDir };
}
