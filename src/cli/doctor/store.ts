/** Whether the store answers, and how fast: every process opens its own connections to it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../kernel/errors.js';
import { EXIT } from '../../kernel/exit-codes.js';
import { monotonicMs } from '../../kernel/clock.js';
import { openStore } from '../../store/open-store.js';
import type { Store } from '../../store/store.js';
import type { Patient } from './check.js';
import { failure, fine, note, warning, type Finding } from './finding.js';

const PINGS = 5;
const SLOW_MS = 25;

export async function examineStore({ inspection }: Patient): Promise<readonly Finding[]> {
  if (inspection === null) return [];
  const { dataDir, store: location } = inspection.config;
  const file = join(dataDir, 'multi-mcp.db');
  const isEmbedded = location.mongodbUri === null;
  // Opening it would make it, perhaps as the wrong user.
  if (isEmbedded && (await stat(file).catch(() => null)) === null) {
    const message = `MONGODB_URI is not set: the first start makes the embedded store ${file} (one machine)`;
    return [note('store', message)];
  }
  let store: Store;
  try {
    store = await openStore({ dataDir, mongodbUri: location.mongodbUri });
  } catch (thrown) {
    return [unreachable(thrown, isEmbedded)];
  }
  try {
    return judgeStore(store.description, await pingTimes(store), isEmbedded);
  } catch (thrown) {
    return [unreachable(thrown, isEmbedded)];
  } finally {
    await store.close();
  }
}

/** `timesMs`: round trips, the first of which may have connected. */
export function judgeStore(
  description: string,
  timesMs: readonly number[],
  isEmbedded: boolean,
): readonly Finding[] {
  const best = Math.min(...timesMs);
  const message = `${description} answers in ${best.toFixed(1)} ms`;
  if (best < SLOW_MS) return [fine('store', message)];
  const fix = isEmbedded
    ? 'put DATA_DIR on a local disk'
    : 'put MongoDB nearer: each key that is not cached waits for one round trip';
  return [warning('store', message, fix)];
}

async function pingTimes(store: Pick<Store, 'ping'>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let count = 0; count < PINGS; count += 1) {
    const startedAtMs = monotonicMs();
    await store.ping();
    times.push(monotonicMs() - startedAtMs);
  }
  return times;
}

function unreachable(thrown: unknown, isEmbedded: boolean): Finding {
  const { message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  const cause = thrown instanceof GatewayError ? thrown.options.cause : undefined;
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  const fix = isEmbedded
    ? 'check who owns DATA_DIR, and that it is a local disk'
    : 'check MONGODB_URI, the firewall, and: mongosh "$MONGODB_URI" --eval "db.hello()"';
  return failure('store', `${message}${reason}`, fix, EXIT.unavailable);
}
