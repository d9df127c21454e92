/** What the admin socket can do, put together from the parts of the primary. */
import { createSecretKey } from 'node:crypto';
import type { Config, ServerConfig } from '../../config/config.js';
import { createGrantOperations } from '../admin/grant-operations.js';
import { createCredentialOperations, credentialSeal } from '../admin/credential-operations.js';
import { formerKeyCounts } from '../admin/former-key-counts.js';
import { createServerOperations } from '../admin/server-operations.js';
import type { SealedServers } from '../admin/sealed-servers.js';
import { createIdentityOperations } from '../admin/identity-operations.js';
import type { AdminOperations, AlertView, StatusView } from '../admin/operations.js';
import { deriveKey } from '../kernel/derive-key.js';
import { GatewayError } from '../kernel/errors.js';
import type { Store } from '../store/store.js';
import type { AlertHistory } from './alert-history.js';
import type { Alerts } from './alerts.js';
import type { LogLevels } from './log-levels.js';
import { machineLines } from './machine-lines.js';
import type { Reloads } from './reloads.js';
import type { Revocations } from './revocations.js';
import type { RollingRestart } from './rolling-restart.js';
import {
  healthDocument,
  overallStatus,
  serverViews,
  type StatusSource,
} from './status-documents.js';
import type { ServerRegistry } from './server-registry.js';
import type { ToolPinBook } from './tool-pin-book.js';
import { testReport } from './server-test-report.js';
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
  readonly registered: SealedServers;
  readonly registry: Pick<ServerRegistry, 'file' | 'views'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly alerts: Pick<Alerts, 'view' | 'active' | 'test'>;
  readonly alertHistory: Pick<AlertHistory, 'all'>;
  /** Where this gateway serves, for tests through the front door. */
  readonly url: string;
}

const TEST_TOKEN_SECONDS = 120;

export function createPrimaryOperations(options: AdminOperationsOptions): AdminOperations {
  const { config, store, secrets, status, revocations, toolPins, restart, reloads } = options;
  const { logLevels, alerts, url, registered, registry, env } = options;
  const { jwt } = config.auth;
  const pepper = createSecretKey(deriveKey(secrets.masterKey, 'pepper'));
  const seal = credentialSeal(config, secrets.masterKey);
  const identity = createIdentityOperations({
    store,
    pepper,
    jwtSecret: createSecretKey(Buffer.from(secrets.jwtSecret)),
    issuer: jwt.issuer,
    audience: jwt.audience,
    maxTokenSeconds: jwt.maxLifetimeSeconds,
    onKeyChanged: (keyId) => revocations.announce(keyId),
  });
  const credentials = createCredentialOperations({
    store,
    seal,
    servers: () => status.config.servers,
    registered,
    onChanged: (binding) => revocations.announceCredential(binding),
  });
  return {
    ...identity,
    ...createGrantOperations({ store, onChanged: () => revocations.announce(null) }),
    ...credentials,
    ...createServerOperations({
      registered,
      fileConfig: () => registry.file,
      env,
      apply: async (reason) => {
        const report = await reloads.run(reason, 'servers');
        if (report.ok) return;
        const hint = `It is kept, and could not be applied: ${report.summary}`;
        throw new GatewayError('GW_INTERNAL', { hint });
      },
      url,
    }),
    status: async () => {
      const isRotating = config.secrets.masterKeyPrevious !== null;
      const counting = isRotating ? formerKeyCounts({ store, pepper, seal, registered }) : null;
      return {
        ...statusView(status, url, alerts.active()),
        servers: registry.views(serverViews(status)),
        // The state of the gateway can be told without the store.
        onFormerMasterKey: (await counting?.catch(() => null)) ?? null,
      };
    },
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
      return Promise.resolve().then(() => {
        const { source } = enabledServer(status.config, name);
        if (source.kind === 'http' && source.transport === 'http') return false;
        // To all: the host that runs it is the only one that knows the name.
        status.tree.broadcastToHosts({ type: 'host-restart-server', server: name });
        return true;
      });
    },
    restartState: () => Promise.resolve(restart.state),
    health: () => Promise.resolve(healthDocument(status, true)),
    listServers: () => Promise.resolve(registry.views(serverViews(status))),
    testServer: async (name) => {
      const server = enabledServer(status.config, name);
      const { token } = await identity.mintToken({
        user: 'multi-mcp-test',
        servers: [name],
        expiresInSeconds: TEST_TOKEN_SECONDS,
      });
      const steps = await testServer(`${url}/${name}/mcp`, token);
      const state = serverViews(status).find((view) => view.name === name)?.state ?? 'unknown';
      return testReport(server, state, steps);
    },
    logLevel: () => Promise.resolve(logLevels.view()),
    setLogLevel: (input) => Promise.resolve(logLevels.set(input)),
    listAlerts: async (all) =>
      all ? { ...alerts.view(), history: await options.alertHistory.all() } : alerts.view(),
    testAlerts: () => alerts.test(),
  };
}

/** Throws GW_SERVER_UNKNOWN. */
function enabledServer({ servers }: Pick<Config, 'servers'>, name: string): ServerConfig {
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (server === undefined) {
    throw new GatewayError('GW_SERVER_UNKNOWN', { hint: 'See: multi-mcp servers list' });
  }
  if (server.enabled) return server;
  const hint = `It is disabled. Enable it with: multi-mcp servers enable ${name}`;
  throw new GatewayError('GW_SERVER_UNKNOWN', { hint });
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
    alerts: alerts.map(({ alert, target, message, look }) =>
      [alert, ...(target === null ? [] : [target])].join(' ').concat(`: ${message} -> ${look}`),
    ),
    machines: machineLines(source.machines(), source.config.limits.maxTotalConnections),
  };
}
