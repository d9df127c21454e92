/** Builds the primary's objects, in order, and joins them into the few things its lifecycle does. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { processEnv, type LoadedConfig } from '../../config/load.js';
import { createAdminServer } from '../admin/admin-server.js';
import { auditedOperations, createAuditor, type Change } from '../admin/audit.js';
import { credentialKeys } from '../admin/credential-operations.js';
import type { AdminOperations } from '../admin/operations.js';
import { SealedServers, serverSeal } from '../admin/sealed-servers.js';
import type { GatewayError } from '../kernel/errors.js';
import { VERSION } from '../kernel/version.js';
import { deriveKey } from '../kernel/derive-key.js';
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { makeFolder } from '../kernel/make-folder.js';
import { openStore } from '../store/open-store.js';
import { createProgramLog } from '../telemetry/log.js';
import { AdmissionBroker } from './admission-broker.js';
import { leaseTokenGauge } from './admission-gauges.js';
import { createPrimaryOperations } from './admin-operations.js';
import { announce } from './announce.js';
import { alertSignals } from './alert-readings.js';
import { urlHost } from './banner.js';
import { composeAlerts } from './compose-alerts.js';
import { composeHealth } from './compose-health.js';
import { composeMachines } from './compose-machines.js';
import { ConfigSpread } from './config-spread.js';
import { FileWatch } from './file-watch.js';
import { JwksKeeper } from './jwks-keeper.js';
import { loadSecrets } from './load-secrets.js';
import { LogLevels } from './log-levels.js';
import { machineGauges } from './machine-gauges.js';
import { rotateLogs } from './log-rotation.js';
import { PrimaryMetrics } from './metrics.js';
import { acquirePort } from './port-guard.js';
import { ProcessTree } from './process-tree.js';
import { ReadySignal } from './ready-signal.js';
import { processEvents } from './process-messages.js';
import { Reloads } from './reloads.js';
import { Revocations } from './revocations.js';
import { RollingRestart } from './rolling-restart.js';
import { RunningConfig } from './running-config.js';
import { ServerRegistry } from './server-registry.js';
import { makeSocketFolder } from './socket-folder.js';
import { StoreProbe } from './store-probe.js';
import { ToolPinBook } from './tool-pin-book.js';
import { SystemSampler } from './system-sampler.js';
import { TrafficHistory } from './traffic-history.js';
import {
  healthDocument,
  isServing,
  statusLine,
  inFlightCount,
  type StatusSource,
} from './status-documents.js';
import { drainWords, stoppedWords } from './words.js';

export interface Primary {
  readonly log: Logger;
  start(): Promise<void>;
  /** Reads the configuration again; every process opens its log files again. */
  reload(): void;
  /** Everything `/health` knows goes to the log, in one line. */
  dumpState(): void;
  /** Drains and ends everything. Never rejects; a second call waits for the first. */
  stop(drainTimeoutMs: number, signal?: string): Promise<void>;
  /** Ends everything within a second; children of upstream hosts too. */
  stopNow(): Promise<void>;
}

const NOW_MS = 500;

/** Rejects with PortHeldError, SecretFileError, GW_STORE_UNAVAILABLE or a system error. */
export async function composePrimary(
  loaded: LoadedConfig,
  loadAgain: () => LoadedConfig,
): Promise<Primary> {
  const { config: file } = loaded;
  let { settings } = loaded;
  const programLog = createProgramLog({
    level: file.logLevel,
    file: join(file.logDir, 'multi-mcp-production.log'),
    terminal: process.stdout.isTTY ? 'pretty' : file.logToStdout ? 'json' : null,
    processName: 'primary',
  });
  const { log } = programLog;
  const { host } = file;
  const lock = await acquirePort(host, file.port, { configPath: file.configPath });
  makeFolder(file.dataDir, 0o700);
  const secrets = await loadSecrets(file);
  const store = await openStore({
    dataDir: file.dataDir,
    ...file.store,
    keepsSnapshot: true,
  });
  const env = processEnv();
  const registered = new SealedServers(store.servers, serverSeal(file, secrets.masterKey));
  const registry = new ServerRegistry(file, {
    registered,
    isDegraded: () => (store.outage?.() ?? null) !== null,
    env,
    log,
  });
  const config = await registry.merged();
  const storeProbe = new StoreProbe(store);
  const socketFolder = await makeSocketFolder(config.dataDir);
  const startedAt = wallDate();
  let isDraining = false;

  const running = new RunningConfig(config);
  const watching = composeAlerts({
    monitoring: () => running.config.monitoring,
    store,
    port: lock.port,
    log,
  });
  const { alerts } = watching;
  const revocations = new Revocations(() => tree, log);
  const system = new SystemSampler({
    directories: { data: config.dataDir, logs: config.logDir },
    onError: (thrown) => {
      log.warn({ err: thrown }, 'the machine cannot be sampled; its last readings stay');
    },
  });
  const issuers = new JwksKeeper({
    urls: config.auth.jwt.jwksUrls,
    onChange: () => {
      tree.broadcast(issuers.message(false));
    },
    log,
  });
  const traffic = new TrafficHistory();
  const admission = new AdmissionBroker({
    config,
    send: (incarnation, events) => {
      const place = tree.allWorkers.find((worker) => worker.incarnation === incarnation);
      place?.process.send({ type: 'admission', events });
    },
    system: () => system.latest(),
    eventLoopDelayMs: () =>
      Math.max(0, ...tree.workers.map(({ gauges }) => gauges?.eventLoopDelayMs ?? 0)),
  });
  const machines = await composeMachines({
    ...{ config, port: lock.port, startedAt, store, admission, log },
  });
  const health = composeHealth(
    () => running.config,
    () => tree,
    log,
  );
  const toolPins = new ToolPinBook({
    policyOf: (server) => running.config.servers[server]?.pinning ?? 'off',
    documents: store.documents,
    alerts,
    log,
    broadcast: (server, pins) => {
      tree.broadcast({ type: 'tool-pins', server, ...pins });
    },
  });
  await toolPins.load(Object.keys(config.servers));
  const tree: ProcessTree = new ProcessTree({
    entry: fileURLToPath(new URL('../main.js', import.meta.url)),
    running,
    port: lock.port,
    version: VERSION,
    workerSecrets: {
      jwtSecret: secrets.jwtSecret,
      jwtSecretPrevious: config.secrets.jwtSecretPrevious,
      sessionKey: deriveKey(secrets.masterKey, 'session').toString('hex'),
      peppers: [secrets.masterKey, config.secrets.masterKeyPrevious]
        .filter((master) => master !== null)
        .map((master) => deriveKey(master, 'pepper').toString('hex')),
      credentialKeys: credentialKeys(config, secrets.masterKey).map((key) => key.toString('hex')),
    },
    toolPins: () => toolPins.states(),
    hostSecrets: {},
    socketDir: socketFolder.path,
    ...processEvents({
      admission,
      toolPins,
      health,
      watching,
      issuers,
      revocations,
      log,
      get metrics() {
        return metrics;
      },
      get logLevels() {
        return logLevels;
      },
      get spread() {
        return spread;
      },
      get querySources() {
        return querySources;
      },
    }),
    log,
  });
  const restart = new RollingRestart({
    tree,
    drainTimeoutMs: () => running.config.http.drainTimeoutMs,
    log,
  });
  const logLevels = new LogLevels({
    configured: config.logLevel,
    apply: (level) => {
      programLog.setLevel(level);
      tree.broadcast({ type: 'log-level', level });
      tree.broadcastToHosts({ type: 'host-log-level', level });
    },
    log,
  });
  const spread = new ConfigSpread(() => tree, log);
  const reloads = new Reloads({
    running,
    load: async (what) => {
      if (what === 'servers') return registry.merged();
      const again = loadAgain();
      settings = again.settings;
      return registry.merged(again.config);
    },
    spread,
    admission: {
      configure: (next) => {
        admission.configure(next);
        machines?.configure(next);
      },
    },
    restart,
    alerts,
    log,
    onApplied: (next) => {
      logLevels.configure(next.logLevel);
      watching.configure();
    },
  });
  const fileWatch = new FileWatch({
    path: config.configPath ?? '',
    onChange: () => {
      if (running.config.reloadOnChange) void unasked('the file changed').reload();
    },
  });
  const rotation = rotateLogs(config, programLog, tree);
  const status: StatusSource = {
    get config() {
      return running.config;
    },
    configDocument: () => running.document(),
    tree,
    version: VERSION,
    startedAt,
    storeDescription: store.description,
    storeProblem: () => storeProbe.state.problem,
    isDraining: () => isDraining,
    admission: () => admission.snapshot(),
    system: () => system.latest(),
    health: (server) => health.of(server),
    activeAlerts: () => alerts.active(),
    droppedLogLines: () => programLog.dropped(),
    machines: () => machines?.view() ?? null,
  };
  const readySignal = new ReadySignal({
    environment: env,
    status: () => statusLine(status, traffic.requestsPerSecond(monotonicMs())),
    isServing: () => isServing(status),
    log,
  });
  const metrics = new PrimaryMetrics({
    status,
    more: [
      ...watching.families,
      ...health.families,
      ...running.metrics(),
      ...machineGauges(() => machines?.view() ?? null),
      leaseTokenGauge(() => admission.lentTokens()),
    ],
    onMerged: (delta) => {
      watching.merged(delta);
      traffic.add(delta, monotonicMs());
    },
    onError: (thrown, what) => {
      log.warn({ err: thrown }, what);
    },
  });
  const querySources = {
    status,
    registry: metrics.registry,
    storeProbe,
    settleMetrics: () => metrics.settle(),
    traffic,
    alerts: () => alerts.view(),
    settings: () => settings(),
  };
  const url = `http://${urlHost(host)}:${lock.port}`;
  const operations = createPrimaryOperations({
    config,
    store,
    secrets,
    status,
    revocations,
    toolPins,
    restart,
    logLevels,
    reloads,
    registered,
    registry,
    env,
    alerts,
    alertHistory: watching.history,
    url,
  });
  /** The operations as nobody's who came through the socket; on the trail all the same. */
  const unasked = (actor: string): AdminOperations =>
    auditedOperations(
      { ...operations, reload: () => reloads.run(actor) },
      createAuditor({
        audit: store.audit,
        actor,
        onError: (error, change) => {
          unrecorded(error, change, actor);
        },
      }),
    );
  /** The line stands in for the entry. */
  const unrecorded = (error: GatewayError, change: Change, actor: string): void => {
    log.error(
      { err: error.options.cause, reason: error.code, actor, change },
      'a change is not on the audit trail',
    );
  };
  const admin = createAdminServer({
    socketPath: join(config.dataDir, 'admin.sock'),
    operations,
    audit: store.audit,
    onUnrecorded: unrecorded,
    onError: (error) => {
      log.error({ err: error.options.cause, reason: error.code }, 'an admin request failed');
    },
  });

  const release = async (drainedSinceMs: number): Promise<void> => {
    fileWatch.stop();
    registry.stop();
    await machines?.leave(drainedSinceMs);
    admission.stop();
    system.stop();
    issuers.close();
    await watching.close();
    await rotation.close();
    await admin.close();
    storeProbe.stop();
    await store.close();
    await socketFolder.remove();
    lock.release();
  };
  let stopping: Promise<void> | null = null;
  const stopTree = async (drainTimeoutMs: number, signal?: string): Promise<void> => {
    const startedAtMs = monotonicMs();
    const words = drainWords(inFlightCount(tree));
    log.info({ signal, drainTimeoutMs }, words);
    readySignal.stopping(words);
    await tree.stop(drainTimeoutMs);
    await release(startedAtMs);
    const durationMs = Math.round(monotonicMs() - startedAtMs);
    log.info({ durationMs }, stoppedWords(durationMs));
    programLog.flush();
  };
  return {
    log,
    start: async () => {
      await rotation.start();
      await admin.listen();
      system.start();
      metrics.start();
      admission.start();
      issuers.start();
      await machines?.join();
      if (status.isDraining()) return;
      await tree.start();
      if (status.isDraining()) return; // Asked to end before it was up: nobody should hear that it is ready.
      watching.start(alertSignals(status));
      health.start();
      const first = unasked('first start');
      await announce({ config, port: lock.port, store, status, tree, url, log, operations: first });
      if (status.isDraining()) return;
      readySignal.ready();
      registry.watch(() => void reloads.run('the store holds other servers', 'servers'));
      if (config.configPath !== null) fileWatch.start();
    },
    dumpState: () => {
      const state = { ...healthDocument(status, true), restart: restart.state };
      log.info({ state }, 'state, as SIGUSR2 asked for it');
    },
    reload: () => {
      rotation.reopen();
      void unasked('SIGHUP').reload();
    },
    stop: (drainTimeoutMs, signal) => {
      isDraining = true;
      health.stop();
      stopping ??= stopTree(drainTimeoutMs, signal);
      return stopping;
    },
    stopNow: async () => {
      for (const { process } of tree.allWorkers) process.kill();
      tree.broadcastToHosts({ type: 'host-drain', timeoutMs: 0 });
      await Promise.race([stopping, new Promise((resolve) => setTimeout(resolve, NOW_MS))]);
      for (const { process } of tree.hosts) process.kill();
      await socketFolder.remove();
    },
  };
}
