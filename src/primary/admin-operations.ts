/** What the admin socket can do, put together from the parts of the primary. */
import { createSecretKey } from 'node:crypto';
import type { Config } from '../../config/config.js';
import { createGrantOperations } from '../admin/grant-operations.js';
import { createCredentialOperations, credentialSeal } from '../admin/credential-operations.js';
import { createIdentityOperations } from '../admin/identity-operations.js';
import type { AdminOperations, AlertView, StatusView } from '../admin/operations.js';
import { deriveKey } from '../kernel/derive-key.js';
import { GatewayError } from '../kernel/errors.js';
import type { Store } from '../store/store.js';
import type { Alerts } from './alerts.js';
import type { LogLevels } from './log-levels.js';
import type { Reloads } from './reloads.js';
import type { Revocations } from './revocations.js';
import type { RollingRestart } from './rolling-restart.js';
import {
  healthDocument,
  overallStatus,
  serverViews,
  type StatusSource,
} from './status-documents.js';
import type { ToolPinBook } from './tool-pin-book.js';
import { testServer } from './test-server.js';

export interface AdminOperationsOptions {
  readonly config: Config;
  readonly store: Store;
  readonly secrets: { readonly jwtSecret: string; readonly masterKey: string };
  readonly status: StatusSource;
  readonly revocations: Revocations;
  readonly toolPins: Pick<ToolPinBook, 'approve'>;
  readonly restart: RollingRestart;
  readonly logLevels: LogLevels;
  readonly reloads: Reloads;
  readonly alerts: Pick<Alerts, 'view' | 'active' | 'test'>;
  /** Where this gateway serves, for tests through the front door. */
  readonly url: string;
}

/** Kept beside each key's hash; a second version lives beside it while the master key is rotated. */
const PEPPER_VERSION = 1;
const TEST_TOKEN_SECONDS = 120;

export function createPrimaryOperations(options: AdminOperationsOptions): AdminOperations {
  const { config, store, secrets, status, revocations, toolPins, restart, reloads } = options;
  const { logLevels, alerts, url } = options;
  const { jwt } = config.auth;
  const identity = createIdentityOperations({
    store,
    pepper: createSecretKey(deriveKey(secrets.masterKey, 'pepper')),
    pepperVersion: PEPPER_VERSION,
    jwtSecret: createSecretKey(Buffer.from(secrets.jwtSecret)),
    issuer: jwt.issuer,
    audience: jwt.audience,
    maxTokenSeconds: jwt.maxLifetimeSeconds,
    onKeyChanged: (keyId) => revocations.announce(keyId),
  });
  const credentials = createCredentialOperations({
    store,
    seal: credentialSeal(config, secrets.masterKey),
    servers: () => status.config.servers,
    onChanged: (binding) => revocations.announceCredential(binding),
  });
  return {
    ...identity,
    ...createGrantOperations({ store, onChanged: () => revocations.announce(null) }),
    ...credentials,
    status: () => Promise.resolve(statusView(status, url, alerts.active())),
    reload: () => reloads.run('an operator asked for it'),
    approveTools: async (name, tool) => {
      if (!Object.hasOwn(status.config.servers, name)) throw new GatewayError('GW_SERVER_UNKNOWN');
      return { approved: await toolPins.approve(name, tool) };
    },
    restartWorkers: () => {
      void restart.run('an operator asked for it');
      return Promise.resolve(restart.state);
    },
    restartServer: (name) => {
      const { servers } = status.config;
      const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
      if (server?.enabled !== true) return Promise.reject(new GatewayError('GW_SERVER_UNKNOWN'));
      const { source } = server;
      if (source.kind === 'http' && source.transport === 'http') return Promise.resolve(false);
      // To all: the host that runs it is the only one that knows the name.
      status.tree.broadcastToHosts({ type: 'host-restart-server', server: name });
      return Promise.resolve(true);
    },
    restartState: () => Promise.resolve(restart.state),
    health: () => Promise.resolve(healthDocument(status, true)),
    listServers: () => Promise.resolve(serverViews(status)),
    testServer: async (name) => {
      const { servers } = status.config;
      const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
      if (server?.enabled !== true) throw new GatewayError('GW_SERVER_UNKNOWN');
      const { token } = await identity.mintToken({
        user: 'multi-mcp-test',
        servers: [name],
        expiresInSeconds: TEST_TOKEN_SECONDS,
      });
      return testServer(name, `${url}/${name}/mcp`, token);
    },
    logLevel: () => Promise.resolve(logLevels.view()),
    setLogLevel: (input) => Promise.resolve(logLevels.set(input)),
    listAlerts: () => Promise.resolve(alerts.view()),
    testAlerts: () => alerts.test(),
  };
}

function statusView(source: StatusSource, url: string, alerts: readonly AlertView[]): StatusView {
  const { tree } = source;
  return {
    status: source.isDraining() ? 'draining' : overallStatus(source),
    version: source.version,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    url,
    store: source.storeDescription,
    workers: tree.workers.filter(({ process: { state } }) => state === 'running').length,
    servers: serverViews(source),
    alerts: alerts.map(({ alert, target, message }) =>
      [alert, ...(target === null ? [] : [target])].join(' ').concat(`: ${message}`),
    ),
  };
}
