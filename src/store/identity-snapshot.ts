/**
 * What a gateway must know of identities to go on while MongoDB is away: keys, grants, sealed credentials and
 * added servers, kept in a file of the data directory while the store works. One process of the machine
 * writes it, the primary; all of them read it in an outage.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { copyStore } from './copy-store.js';
import { openLibsqlStore } from './libsql-store.js';
import { integerOf, isRow, textOf } from './stored-row.js';
import type { Store } from './store.js';

const POLL_MS = 2000;
/** How often an unchanged snapshot's instant is renewed: it is judged by hours. */
const RENEW_MS = 30_000;
const PARTS = ['keys', 'grants', 'credentials', 'servers'] as const;
/** These can vanish from the store; keys are only ever revoked. */
const PRUNED_PARTS = ['grants', 'credentials', 'servers'] as const;
const STATE = { scope: { server: 'snapshot', user: 'gateway' }, key: 'state' } as const;
const PAGE = 1000;

export interface SnapshotState {
  /** Of the store when it was copied. */
  readonly identityVersion: number;
  readonly serverChanges: number;
  /** ISO 8601: the store was known to be as this says. */
  readonly syncedAt: string;
}

export function snapshotPath(dataDir: string): string {
  return join(dataDir, 'identity-snapshot.db');
}

/** Null when there is none. The caller closes it. */
export async function openSnapshot(dataDir: string): Promise<Store | null> {
  const path = snapshotPath(dataDir);
  try {
    await access(path);
  } catch {
    return null; // This data directory never served from a MongoDB that worked.
  }
  return openLibsqlStore({ path });
}

/** Null when nothing was ever copied whole. */
export async function snapshotState(snapshot: Store): Promise<SnapshotState | null> {
  const state = (await snapshot.documents.get(STATE.scope, STATE.key))?.value;
  if (!isRow(state)) return null;
  return {
    identityVersion: integerOf(state, 'identityVersion'),
    serverChanges: integerOf(state, 'serverChanges'),
    syncedAt: textOf(state, 'syncedAt'),
  };
}

/** Brings the snapshot to what `source` holds. Interrupted, it leaves rows that were true at some time. */
export async function syncSnapshot(source: Store, snapshot: Store): Promise<SnapshotState> {
  // Read before the copy: a change in between is then copied once more.
  const [identityVersion, serverChanges] = [
    await source.identityVersion(),
    await source.servers.changes(),
  ];
  await copyStore({ source, target: snapshot, parts: PARTS });
  for (const part of PRUNED_PARTS) await prune(part, source, snapshot);
  const state = { identityVersion, serverChanges, syncedAt: wallDate().toISOString() };
  await snapshot.documents.put(STATE.scope, STATE.key, state);
  return state;
}

async function prune(
  part: (typeof PRUNED_PARTS)[number],
  source: Store,
  snapshot: Store,
): Promise<void> {
  const table = snapshot.tables[part];
  let page = await table.list({ limit: PAGE });
  while (page.length > 0) {
    for (const { key } of page) {
      if ((await source.tables[part].get(key)) === null) await table.delete(key);
    }
    page = await table.list({ after: page.at(-1)?.key, limit: PAGE });
  }
}

export interface SnapshotKeeper {
  /** Resolves when nothing is written any more. */
  stop(): Promise<void>;
}

/** Polls `source` and copies what changed. Failures are passed over: the next poll tries again. */
export function keepSnapshot(source: Store, dataDir: string): SnapshotKeeper {
  let snapshot: Store | null = null;
  let synced: SnapshotState | null = null;
  let renewAtMs = 0;
  let isStopped = false;
  let underWay: Promise<void> = Promise.resolve();

  const poll = async (): Promise<void> => {
    const [identityVersion, serverChanges] = [
      await source.identityVersion(),
      await source.servers.changes(),
    ];
    const isSame =
      synced?.identityVersion === identityVersion && synced.serverChanges === serverChanges;
    if (isSame && monotonicMs() < renewAtMs) return;
    snapshot ??= await openLibsqlStore({ path: snapshotPath(dataDir) });
    if (isSame) {
      synced = { ...synced, identityVersion, serverChanges, syncedAt: wallDate().toISOString() };
      await snapshot.documents.put(STATE.scope, STATE.key, synced);
    } else synced = await syncSnapshot(source, snapshot);
    renewAtMs = monotonicMs() + RENEW_MS;
  };
  const turn = (): void => {
    if (isBusy || isStopped) return;
    isBusy = true;
    underWay = poll()
      .catch(() => undefined)
      .finally(() => {
        isBusy = false;
      });
  };
  let isBusy = false;
  turn();
  const timer = setInterval(turn, POLL_MS);
  timer.unref();
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await underWay;
      await snapshot?.close();
    },
  };
}
