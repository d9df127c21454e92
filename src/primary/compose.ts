/** Builds the primary's objects, in order, and joins them into the few things its lifecycle does. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { processEnv, type LoadedConfig } from '../../config/load.js';
import { createAdminServer } from '../admin/admin-server.js';
import { auditedOperations, createAuditor } from '../admin/audit.js';
import { credentialKeys } from '../admin/credential-operations.js';
import type { AdminOperations } from '../admin/operations.js';
import { SealedServers, serverSeal } from '../admin/sealed-servers.js';
import type { GatewayError } from '../kernel/errors.js';
import { VERSION } from '../kernel/version.js';
import { deriveKey } from '../kernel/derive-key.js';
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { makeFolder } from '../kernel/make-folder.js';
import { openStore } from '../store/open-store.js';
import { loadOrCreateSecret } from '../store/secret-files.js';
import type { Store } from '../store/store.js';
import { createProgramLog } from '../telemetry/log.js';
import { asAdmissionDelta } from '../telemetry/admission-counts.js';
import { AdmissionBroker } from './admission-broker.js';
import { leaseTokenGauge } from './admission-gauges.js';
import { createPrimaryOperations } from './admin-operations.js';
import { alertSignals } from './alert-readings.js';
import { bannerText, firstKeyText, urlHost } from './banner.js';
import { composeAlerts } from './compose-alerts.js';
import { composeHealth } from './compose-health.js';
import { composeMachines } from './compose-machines.js';
import { ConfigSpread } from './config-spread.js';
import { deliverFirstKey } from './first-key.js';
import { FileWatch } from './file-watch.js';
import { JwksKeeper } from './jwks-keeper.js';
import { LogLevels } from './log-levels.js';
import { machineGauges } from './machine-gauges.js';
import { rotateLogs } from './log-rotation.js';
import { PrimaryMetrics } from './metrics.js';
import { acquirePort } from './port-guard.js';
import { ProcessTree } from './process-tree.js';
import { ReadySignal } from './ready-signal.js';
import { answerQuery } from './queries.js';
import { Reloads } from './reloads.js';
import { Revocations } from './revocations.js';
import { RollingRestart } from './rolling-restart.js';
import { RunningConfig } from './running-config.js';
import { ServerRegistry } from './server-registry.js';
import { StoreProbe } from './store-probe.js';
import { ToolPinBook } from './tool-pin-book.js';
import { startWarnings } from './start-warnings.js';
import { SystemSampler } from './system-sampler.js';
import { TrafficHistory } from './traffic-history.js';
import {
  healthDocument,
  isServing,
  serverViews,
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

const JWT_SECRET_BYTES = 48;
const MASTER_KEY_BYTES = 32;
/** sun_path holds 108 bytes with its terminator (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
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
  const socketDir = await makeSocketDir(config);
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
    socketDir: socketDir.path,
    onWorkerMessage: (place, message) => {
      switch (message.type) {
        case 'worker-hello':
          admission.workerStarted(place.incarnation);
          return;
        case 'admission':
          admission.receive(place.incarnation, message.events);
          return;
        case 'worker-report':
          metrics.onWorkerReport(place, message);
          watching.report(asAdmissionDelta(message.admission));
          return;
        case 'query':
          void answerQuery(place, message, {
            status,
            registry: metrics.registry,
            storeProbe,
            settleMetrics: () => metrics.settle(),
            traffic,
            alerts: () => alerts.view(),
            settings: () => settings(),
          });
          return;
        case 'server-checked':
          health.onChecked(message);
          return;
        case 'tools-seen':
          void toolPins.seen(message.server, message.tools);
          return;
        case 'revocation-applied':
          revocations.acknowledged(place, message.revocation);
          return;
        case 'issuer-keys-wanted':
          void (message.refresh ? issuers.askedRefresh() : Promise.resolve()).then(() => {
            place.process.send(issuers.message(message.refresh));
          });
          return;
        case 'worker-ready':
          admission.workerReady(place.incarnation);
          logLevels.tell((level) => {
            place.process.send({ type: 'log-level', level });
          });
          health.onWorkerReady(place);
          return;
        case 'config-applied':
          spread.confirmed(place, message.version);
          return;
        case 'worker-failed':
          log.error({ worker: place.index + 1, reason: message.reason }, 'a worker did not start');
      }
    },
    onWorkerExit: (place) => {
      admission.workerExited(place.incarnation);
      revocations.workerGone(place);
      metrics.onWorkerExit(place);
      spread.confirmed(place, Infinity);
    },
    onHostExit: (place) => {
      metrics.onHostExit(place);
      spread.confirmed(place, Infinity);
    },
    onHostMessage: (place, message) => {
      metrics.onHostMessage(place, message);
      if (message.type === 'host-ready') {
        logLevels.tell((level) => {
          place.process.send({ type: 'host-log-level', level });
        });
      }
      if (message.type === 'host-config-applied') spread.confirmed(place, message.version);
      if (message.type === 'host-failed')
        log.error({ reason: message.reason }, 'an upstream host did not start');
    },
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
      createAuditor({ audit: store.audit, actor, onError: unrecorded }),
    );
  const unrecorded = (error: GatewayError): void => {
    log.error(
      { err: error.options.cause, reason: error.code },
      'a change is not on the audit trail',
    );
  };
  const admin = createAdminServer({
    socketPath: join(config.dataDir, 'admin.sock'),
    operations,
    audit: store.audit,
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
    await socketDir.remove();
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
      await socketDir.remove();
    },
  };
}

interface Announcement {
  readonly config: Config;
  readonly port: number;
  readonly store: Store;
  readonly status: StatusSource;
  readonly tree: ProcessTree;
  readonly url: string;
  readonly log: Logger;
  readonly operations: Pick<AdminOperations, 'createKey'>;
}

async function announce(facts: Announcement): Promise<void> {
  const { config, port, store, status, tree, url, log } = facts;
  const servers = serverViews(status);
  const front = tree.workers.find((worker) => worker.front !== null)?.front ?? null;
  const banner = bannerText({
    version: VERSION,
    config,
    port,
    front,
    store: store.description,
    cpuCount: availableParallelism(),
    servers,
    warnings: await startWarnings(),
  });
  process.stdout.write(banner);
  log.info(
    {
      ...{ version: VERSION, url, front: front?.name, store: store.description },
      ...{ workers: config.workers, servers: servers.map(({ name }) => name) },
    },
    'ready',
  );
  if ((await store.keys.count()) > 0 || !config.auth.required) return;
  const created = await facts.operations.createKey({
    user: 'admin',
    servers: null,
    tools: null,
    limits: null,
    isAdmin: true,
    label: 'first key',
    expiresInSeconds: null,
  });
  const server = servers.find(({ enabled }) => enabled)?.name ?? 'SERVER';
  await deliverFirstKey(config.dataDir, firstKeyText(created.key, url, server));
}

async function loadSecrets(config: Config): Promise<{ jwtSecret: string; masterKey: string }> {
  const { dataDir, secrets } = config;
  return {
    jwtSecret:
      secrets.jwtSecret ??
      (await loadOrCreateSecret({ dataDir, name: 'jwt-secret', bytes: JWT_SECRET_BYTES })),
    masterKey:
      secrets.masterKey ??
      (await loadOrCreateSecret({ dataDir, name: 'master-key', bytes: MASTER_KEY_BYTES })),
  };
}

/** The hosts' sockets live in the data directory, or in a private temporary one where its path is too long. */
async function makeSocketDir(config: Config) {
  const longest = join(config.dataDir, 'host-99.sock');
  if (Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES) {
    return { path: config.dataDir, remove: () => Promise.resolve() };
  }
  const path = await mkdtemp(join(tmpdir(), 'multi-mcp-'));
  await chmod(path, 0o700);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
