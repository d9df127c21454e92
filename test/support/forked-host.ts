/** A real upstream host process, forked as the primary does it, and a link to it as a worker has one. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, ServerConfig, ServerSource } from '../../config/config.js';
import { checkSchema } from '../../config/check-schema.js';
import { toConfig } from '../../config/to-config.js';
import { isHostToPrimary, type HostToPrimary } from '../../src/ipc/host-messages.js';
import { openStore } from '../../src/store/open-store.js';
import { createHostLink, type HostLink } from '../../src/upstream/host-link.js';
import { within } from './until.js';

const ENTRY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export interface ForkedHost {
  readonly process: ChildProcess;
  readonly link: HostLink;
  /** All it said so far. */
  readonly messages: readonly HostToPrimary[];
  next<Type extends HostToPrimary['type']>(
    type: Type,
  ): Promise<Extract<HostToPrimary, { type: Type }>>;
  readonly exited: Promise<number | null>;
}

/** A configuration with these servers, everything else by default, kept in `folder`. */
export function hostConfig(
  folder: string,
  sources: Readonly<Record<string, ServerSource>>,
): Config {
  const servers = Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [name, serverConfig(name, source)]),
  );
  const config = toConfig(checkSchema({}).file, {
    configPath: null,
    cwd: folder,
    servers,
    publicKeys: [],
    secrets: { jwtSecret: null, jwtSecretPrevious: null, masterKey: null, masterKeyPrevious: null },
    tracing: null,
  });
  return { ...config, dataDir: join(folder, 'data'), logDir: join(folder, 'logs') };
}

function serverConfig(name: string, source: ServerSource): ServerConfig {
  return {
    name,
    enabled: true,
    rateLimit: null,
    connectionPool: {
      maxConnections: null,
      adaptiveLimit: 'aimd',
      requestTimeoutMs: 5000,
      streamIdleTimeoutMs: 5000,
      streamMaxMs: 60_000,
    },
    era: 'legacy',
    maxBodyBytes: null,
    tools: { allow: null, deny: [] },
    prompts: { allow: null, deny: [] },
    resources: { allow: null, deny: [] },
    scopes: { required: [], tools: {} },
    pinning: 'off',
    credential: null,
    source,
  };
}

/** A stdio source that starts this file with node. */
export function stdioSource(file: URL, args: readonly string[] = []): ServerSource {
  return {
    kind: 'stdio',
    command: process.execPath,
    args: [fileURLToPath(file), ...args],
    env: {},
    cwd: null,
    idleTimeoutMs: 60_000,
    maxProcesses: 4,
    maxLineBytes: 4 * 1024 * 1024,
  };
}

export async function forkHost(
  t: { teardown(release: () => unknown): void },
  folder: string,
  config: Config,
): Promise<ForkedHost> {
  const socketPath = join(folder, 'host.sock');
  // As the primary has done by then, where it can be made.
  const store = await openStore({ dataDir: config.dataDir, mongodbUri: null }).catch(() => null);
  await store?.close();
  const child = fork(ENTRY, ['--role=host']);
  const messages: HostToPrimary[] = [];
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      resolve(code);
    });
  });
  child.on('message', (message) => {
    if (isHostToPrimary(message)) messages.push(message);
  });
  child.send({
    type: 'host-start',
    config,
    configVersion: 1,
    secrets: {},
    socketPath,
    hostIndex: 0,
    childEnvironment: { PATH: '/usr/bin:/bin' },
  });
  const next: ForkedHost['next'] = async (type) => {
    for (;;) {
      const found = messages.find((message) => message.type === type);
      if (found !== undefined) return found as Extract<HostToPrimary, { type: typeof type }>;
      await within(START_TIMEOUT_MS, type, once(child, 'message'));
    }
  };
  const link = createHostLink({ socketPath });
  t.teardown(async () => {
    await link.close();
    child.kill('SIGKILL');
    await exited;
  });
  return { process: child, link, messages, next, exited };
}
