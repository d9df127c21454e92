/** Record tables in plain maps. */
import { compareKeys, keyPageSize, toJsonText } from '../../src/store/document-rules.js';
import {
  recordKeyOf,
  recordKeyText,
  recordPrefixText,
  type RecordTable,
  type StoredRecord,
} from '../../src/store/record-table.js';

type Answer = <Result>(work: () => Result) => Promise<Result>;

/** `onChange` is called with every change, inside it. */
export function createMemoryRecords(answer: Answer, onChange: () => void): RecordTable {
  const records = new Map<string, { text: string; version: number }>();
  const recordOf = (key: string): StoredRecord | null => {
    const kept = records.get(key);
    if (kept === undefined) return null;
    const value = JSON.parse(kept.text) as unknown;
    return { key: recordKeyOf(key), value, version: kept.version };
  };
  return {
    get: (key) => answer(() => recordOf(recordKeyText(key))),
    put: (key, value) =>
      answer(() => {
        const name = recordKeyText(key);
        const version = (records.get(name)?.version ?? 0) + 1;
        records.set(name, { text: toJsonText(value), version });
        onChange();
        return version;
      }),
    delete: (key) =>
      answer(() => {
        const isThere = records.delete(recordKeyText(key));
        if (isThere) onChange();
        return isThere;
      }),
    list: ({ within = [], after, limit, isDescending = false } = {}) =>
      answer(() => {
        const direction = isDescending ? -1 : 1;
        const edge = after === undefined ? null : recordKeyText(after);
        return [...records.keys()]
          .filter((key) => key.startsWith(recordPrefixText(within)))
          .sort((a, b) => direction * compareKeys(a, b))
          .filter((key) => edge === null || direction * compareKeys(key, edge) > 0)
          .slice(0, keyPageSize(limit))
          .map(recordOf)
          .filter((record) => record !== null);
      }),
    count: () => answer(() => records.size),
    prune: (keep) =>
      answer(() => {
        const keys = [...records.keys()].sort(compareKeys);
        for (const key of keys.slice(0, Math.max(0, keys.length - keep))) records.delete(key);
      }),
    restore: (restored) =>
      answer(() => {
        for (const { key, value, version } of restored) {
          records.set(recordKeyText(key), { text: toJsonText(value), version });
        }
        onChange();
      }),
  };
}
