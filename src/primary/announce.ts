/** Says on the terminal and in the log that the gateway serves, and hands out the first key where there is none. */
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import type { AdminOperations } from '../admin/operations.js';
import { VERSION } from '../kernel/version.js';
import type { Store } from '../store/store.js';
import { bannerText, firstKeyText } from './banner.js';
import { deliverFirstKey } from './first-key.js';
import type { ProcessTree } from './process-tree.js';
import { startWarnings } from './start-warnings.js';
import { serverViews, type StatusSource } from './status-documents.js';

export interface Announcement {
  readonly config: Config;
  readonly port: number;
  readonly store: Store;
  readonly status: StatusSource;
  readonly tree: ProcessTree;
  readonly url: string;
  readonly log: Logger;
  readonly operations: Pick<AdminOperations, 'createKey'>;
}

export async function announce(facts: Announcement): Promise<void> {
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
