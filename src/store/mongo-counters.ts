/**
 * Counters that tell pollers of changes. A counter is a document of its own and moves after the change it
 * announces: whoever sees the new number finds the change.
 */
import type { Db } from 'mongodb';
import { isDuplicateKey } from './mongo-connection.js';
import { COUNTERS, type Counter } from './mongo-indexes.js';
import type { ChangeCounter } from './record-table.js';
import { integerOf, isRow } from './stored-row.js';

export async function announce(database: Db, counter: ChangeCounter): Promise<void> {
  const counters = database.collection<Counter>(COUNTERS);
  const grow = () => counters.updateOne({ _id: counter }, { $inc: { value: 1 } }, { upsert: true });
  await grow().catch((error: unknown) => {
    // Two first changes met at the upsert; the other one made the document.
    if (!isDuplicateKey(error)) throw error;
    return grow();
  });
}

/** 0 before the first change. */
export async function counterValue(database: Db, counter: ChangeCounter): Promise<number> {
  const found: unknown = await database.collection<Counter>(COUNTERS).findOne({ _id: counter });
  return isRow(found) ? integerOf(found, 'value') : 0;
}
