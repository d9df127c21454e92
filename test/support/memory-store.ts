/** The store port in plain maps: what tests of everything above the store use, and the contract's simplest witness. */
import { GatewayError } from '../../src/kernel/errors.js';
import {
  checkDocumentKey,
  checkPrefix,
  compareKeys,
  documentPageSize,
  keyPageSize,
  toJsonText,
} from '../../src/store/document-rules.js';
import type {
  ApiKeyRecord,
  DocumentScope,
  DocumentStore,
  KeyStore,
  Store,
  StoredDocument,
} from '../../src/store/store.js';
import { createStoreParts } from '../../src/store/store-parts.js';
import { createMemoryRecords } from './memory-records.js';

export interface MemoryStore extends Store {
  /** While true, every method rejects with GW_STORE_UNAVAILABLE, as a store that is away does. */
  isAway: boolean;
}

export function createMemoryStore(): MemoryStore {
  const keys = new Map<string, ApiKeyRecord>();
  const documents = new Map<string, Map<string, { text: string; version: number }>>();
  const counters = { identity: 0, servers: 0 };
  let isClosed = false;

  // Every method passes here: async, so that nothing relies on a store that answers at once.
  const answer = <Result>(work: () => Result): Promise<Result> =>
    new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          if (isClosed || store.isAway) throw new GatewayError('GW_STORE_UNAVAILABLE');
          resolve(work());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });

  const scopeOf = (scope: DocumentScope) => {
    const name = JSON.stringify([scope.server, scope.user]);
    const found = documents.get(name) ?? new Map<string, { text: string; version: number }>();
    documents.set(name, found);
    return found;
  };
  const matching = (scope: DocumentScope, prefix: string) => {
    checkPrefix(prefix);
    return [...scopeOf(scope)]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => compareKeys(a, b));
  };
  const write = (scope: DocumentScope, key: string, value: unknown, ifVersion?: number) => {
    checkDocumentKey(key);
    const text = toJsonText(value);
    const present = scopeOf(scope).get(key)?.version ?? 0;
    if (ifVersion !== undefined && ifVersion !== present) return null;
    scopeOf(scope).set(key, { text, version: present + 1 });
    return present + 1;
  };
  const documentOf = ([key, kept]: [
    string,
    { text: string; version: number },
  ]): StoredDocument => ({
    key,
    value: JSON.parse(kept.text) as unknown,
    version: kept.version,
  });

  const keyStore: KeyStore = {
    insert: (record) =>
      answer(() => {
        if (keys.has(record.id)) throw new GatewayError('GW_BAD_REQUEST');
        keys.set(record.id, record);
        counters.identity += 1;
      }),
    find: (id) => answer(() => keys.get(id) ?? null),
    list: (page = {}) =>
      answer(() => {
        const ordered = [...keys.values()].sort(
          (a, b) => compareKeys(a.createdAt, b.createdAt) || compareKeys(a.id, b.id),
        );
        const after = ordered.findIndex(({ id }) => id === page.afterId);
        if (page.afterId !== undefined && after === -1) return [];
        return ordered.slice(after + 1, after + 1 + keyPageSize(page.limit));
      }),
    revoke: (id, at) =>
      answer(() => {
        const record = keys.get(id);
        if (record === undefined || record.revokedAt !== null) return false;
        keys.set(id, { ...record, revokedAt: at.toISOString() });
        counters.identity += 1;
        return true;
      }),
    update: (id, change) =>
      answer(() => {
        const record = keys.get(id);
        if (record === undefined || record.revokedAt !== null) return null;
        const changed = { ...record, ...change };
        keys.set(id, changed);
        counters.identity += 1;
        return changed;
      }),
    recordUses: (uses) =>
      answer(() => {
        for (const { id, count, lastUsedAt } of uses) {
          const record = keys.get(id);
          if (record === undefined) continue;
          const latest = [record.lastUsedAt ?? '', lastUsedAt].sort().at(-1) ?? lastUsedAt;
          keys.set(id, { ...record, useCount: record.useCount + count, lastUsedAt: latest });
        }
      }),
    rehash: (changes) =>
      answer(() => {
        for (const { id, hash, pepperVersion, formerHash } of changes) {
          const record = keys.get(id);
          if (record?.hash === formerHash) keys.set(id, { ...record, hash, pepperVersion });
        }
      }),
    countOtherPeppers: (pepperVersion, at) =>
      answer(() => {
        const works = ({ revokedAt, expiresAt }: ApiKeyRecord): boolean =>
          revokedAt === null && (expiresAt === null || expiresAt > at.toISOString());
        const others = [...keys.values()].filter((key) => key.pepperVersion !== pepperVersion);
        return others.filter(works).length;
      }),
    restore: (records) =>
      answer(() => {
        for (const record of records) keys.set(record.id, record);
        counters.identity += 1;
      }),
    count: () => answer(() => keys.size),
  };

  const documentStore: DocumentStore = {
    get: (scope, key) =>
      answer(() => {
        checkDocumentKey(key);
        const kept = scopeOf(scope).get(key);
        return kept === undefined ? null : documentOf([key, kept]);
      }),
    put: (scope, key, value, options) => answer(() => write(scope, key, value, options?.ifVersion)),
    putMany: (scope, entries) =>
      answer(() => {
        for (const [key, value] of entries) {
          checkDocumentKey(key);
          toJsonText(value);
        }
        for (const [key, value] of entries) write(scope, key, value);
      }),
    delete: (scope, key) =>
      answer(() => {
        checkDocumentKey(key);
        return scopeOf(scope).delete(key);
      }),
    deletePrefix: (scope, prefix) =>
      answer(() => {
        const found = matching(scope, prefix);
        for (const [key] of found) scopeOf(scope).delete(key);
        return found.length;
      }),
    list: (scope, query) =>
      answer(() => {
        const { afterKey } = query;
        if (afterKey !== undefined) checkPrefix(afterKey);
        return matching(scope, query.prefix)
          .filter(([key]) => afterKey === undefined || compareKeys(key, afterKey) > 0)
          .slice(0, documentPageSize(query.limit))
          .map(documentOf);
      }),
    countPrefix: (scope, prefix) => answer(() => matching(scope, prefix).length),
    scopes: (page = {}) =>
      answer(() => {
        const nameOf = ({ server, user }: DocumentScope) => JSON.stringify([server, user]);
        const edge = page.after === undefined ? '' : nameOf(page.after);
        return [...documents]
          .filter(([name, kept]) => kept.size > 0 && compareKeys(name, edge) > 0)
          .map(([name]) => name)
          .sort(compareKeys)
          .slice(0, keyPageSize(page.limit))
          .map((name) => {
            const [server = '', user = ''] = JSON.parse(name) as string[];
            return { server, user };
          });
      }),
    restore: (scope, restored) =>
      answer(() => {
        for (const { key, value, version } of restored) {
          checkDocumentKey(key);
          scopeOf(scope).set(key, { text: toJsonText(value), version });
        }
      }),
  };

  const store: MemoryStore = {
    isAway: false,
    description: 'memory',
    keys: keyStore,
    documents: documentStore,
    ...createStoreParts({
      open: ({ counter }) =>
        createMemoryRecords(answer, () => {
          if (counter !== null) counters[counter] += 1;
        }),
      serverChanges: () => answer(() => counters.servers),
    }),
    machines: null,
    identityVersion: () => answer(() => counters.identity),
    ping: () => answer(() => undefined),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
  return store;
}
