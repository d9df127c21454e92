/**
 * What most parts stand on: the fast upstream, nginx (where it is installed) and one gateway before it,
 * with every limit on and none reached unless the part says otherwise. Ended when it goes out of scope.
 */
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import jwt from 'jsonwebtoken';
import { CALL_HEADERS, type HopTarget } from '../hop-cost.js';
import { startGateway, type StartedGateway } from './gateway.js';
import { nginxVersion, startNginx } from './nginx.js';
import { freePort, start, type Started } from './started.js';

/** On, and never reached by the loads here. */
export const AMPLE_LIMITS = {
  maxConcurrentRequestsPerUser: 100_000,
  maxConnectionsPerServer: 100_000,
  maxTotalConnections: 100_000,
  rateLimitTokens: 1_000_000,
  perUserLimit: 1_000_000,
  perServerLimit: 1_000_000,
};

const TOKEN = { issuer: 'perf', audience: 'perf', expiresIn: '1h' } as const;

export interface BenchOptions {
  readonly workers: number;
  /** Of the configuration's `global`; default AMPLE_LIMITS. */
  readonly global?: object;
  /** Of the configuration's `http`. */
  readonly http?: object;
  /** Default: the embedded store. */
  readonly mongodbUri?: string;
  /** Besides `fast`, the HTTP server before the fast upstream. */
  readonly servers?: object;
  /** Of the fast upstream; default any free one. */
  readonly upstreamPort?: number;
  /** Default: in the gateway's own directory. */
  readonly logDir?: string;
  /** Of the gateway, besides what it needs. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Bench extends AsyncDisposable {
  readonly upstreamPort: number;
  readonly upstreamPid: number;
  readonly gatewayPid: number;
  readonly gatewayPort: number;
  readonly apiKey: string;
  readonly dataDir: string;
  /** An HS256 token of this user. */
  token(user: string): string;
  rsaToken(user: string): string;
  /** No target where nginx is not installed. */
  nginx(name: string): readonly HopTarget[];
  direct(name: string): HopTarget;
  gateway(name: string, credential: string, server?: string): HopTarget;
}

export async function openBench(options: BenchOptions): Promise<Bench> {
  const { workers } = options;
  const running: Started[] = [];
  const stop = async (): Promise<void> => {
    for (const child of running.reverse()) await child.stop();
  };
  try {
    const upstreamPort = options.upstreamPort ?? (await freePort());
    const file = fileURLToPath(new URL('fast-upstream.js', import.meta.url));
    const upstream = await start(process.execPath, [file, String(upstreamPort)], 'listening');
    running.push(upstream);
    const nginx = await nginxBefore(upstreamPort, workers);
    if (nginx !== null) running.push(nginx.started);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const gatewayPort = await freePort();
    const gateway: StartedGateway = await startGateway(gatewayPort, upstreamPort, {
      workers,
      global: options.global ?? AMPLE_LIMITS,
      http: options.http,
      servers: options.servers,
      mongodbUri: options.mongodbUri,
      logDir: options.logDir,
      env: options.env,
      publicKeyPem: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    });
    running.push(gateway);
    const rsaKey = createPrivateKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return {
      upstreamPort,
      upstreamPid: upstream.pid,
      gatewayPid: gateway.pid,
      gatewayPort,
      apiKey: gateway.apiKey,
      dataDir: gateway.dataDir,
      token: (user) => jwt.sign({ sub: user }, gateway.jwtSecret, TOKEN),
      rsaToken: (user) =>
        jwt.sign({ sub: user, jti: randomUUID() }, rsaKey, {
          ...TOKEN,
          algorithm: 'RS256',
          keyid: 'perf',
        }),
      nginx: (name) =>
        nginx === null
          ? []
          : [
              {
                name,
                pid: nginx.started.pid,
                port: nginx.port,
                path: '/mcp',
                headers: CALL_HEADERS,
              },
            ],
      direct: (name) => ({
        name,
        pid: upstream.pid,
        port: upstreamPort,
        path: '/mcp',
        headers: CALL_HEADERS,
      }),
      gateway: (name, credential, server = 'fast') => ({
        name,
        pid: gateway.pid,
        port: gatewayPort,
        path: `/${server}/mcp`,
        headers: [...CALL_HEADERS, `Authorization: Bearer ${credential}`],
      }),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function nginxBefore(
  upstreamPort: number,
  workers: number,
): Promise<{ readonly started: Started; readonly port: number } | null> {
  if (nginxVersion() === null) {
    process.stderr.write('nginx is not installed: ratios are to the first target there is\n');
    return null;
  }
  const port = await freePort();
  return { port, started: startNginx(port, upstreamPort, workers) };
}
