/**
 * What must exist in MongoDB before the store is used: one index, and the mark of the layout's version.
 * Everything else is found by `_id`. Safe to run by several processes at once and again at every start;
 * reads never rely on a TTL index, so there is none.
 */
import type { Db } from 'mongodb';
import { GatewayError } from '../kernel/errors.js';
import { isDuplicateKey } from './mongo-connection.js';
import { integerOf, isRow } from './stored-row.js';

/** Grows with every change of the layout that an older release would misread. */
const LAYOUT_VERSION = 1;

export const API_KEYS = 'api_keys';
export const DOCUMENTS = 'documents';
export const COUNTERS = 'counters';

export interface Counter {
  readonly _id: string;
  readonly value: number;
}

/** Rejects with GW_STORE_UNAVAILABLE when a newer release laid the data out. */
export async function createIndexes(database: Db): Promise<void> {
  const counters = database.collection<Counter>(COUNTERS);
  await counters
    .updateOne({ _id: 'layout' }, { $setOnInsert: { value: LAYOUT_VERSION } }, { upsert: true })
    .catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
    });
  const mark: unknown = await counters.findOne({ _id: 'layout' });
  const found = isRow(mark) ? integerOf(mark, 'value') : LAYOUT_VERSION;
  if (found > LAYOUT_VERSION) {
    throw new GatewayError('GW_STORE_UNAVAILABLE', {
      hint: `The store was written by a newer release (layout ${found}, this one knows ${LAYOUT_VERSION}).`,
    });
  }
  await database
    .collection(API_KEYS)
    .createIndex({ createdAt: 1, _id: 1 }, { name: 'api_keys_by_age' }, undefined);
}
