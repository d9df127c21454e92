/**
 * One user's documents in memory, for tests: keeps values as JSON text, sorts keys by UTF-8 bytes, and
 * asks for a turn before every operation, so that a test decides how several sessions interleave, or
 * where a crash cuts one off.
 */
import type { ModuleDocument, ModuleStorage } from '../../../../src/servers/module-api.js';

export type Operation = 'get' | 'put' | 'putMany' | 'delete' | 'deletePrefix' | 'list' | 'count';

/** Resolves when the operation may happen; rejecting stands for a storage that is away. */
export type Turn = (operation: Operation, key: string) => Promise<void> | void;

export class StoredDocuments {
  readonly documents = new Map<string, { readonly json: string; readonly version: number }>();

  keys(prefix = ''): string[] {
    return [...this.documents.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
  }

  /** A session's view. All views of one object are the same user's. */
  open(turn: Turn = () => undefined): ModuleStorage {
    const { documents } = this;
    const write = (key: string, value: unknown): number => {
      const version = (documents.get(key)?.version ?? 0) + 1;
      documents.set(key, { json: JSON.stringify(value), version });
      return version;
    };
    return {
      async get(key) {
        await turn('get', key);
        return readDocument(documents, key);
      },
      async put(key, value, options) {
        await turn('put', key);
        const present = documents.get(key)?.version ?? 0;
        if (options?.ifVersion !== undefined && options.ifVersion !== present) return null;
        return write(key, value);
      },
      async putMany(entries) {
        // Each write is atomic, all of them together are not.
        for (const [key, value] of entries) {
          await turn('putMany', key);
          write(key, value);
        }
      },
      async delete(key) {
        await turn('delete', key);
        return documents.delete(key);
      },
      deletePrefix: async (prefix) => {
        await turn('deletePrefix', prefix);
        const keys = this.keys(prefix);
        for (const key of keys) documents.delete(key);
        return keys.length;
      },
      list: async ({ prefix, afterKey, limit = 1000 }) => {
        await turn('list', prefix);
        return this.keys(prefix)
          .filter((key) => afterKey === undefined || byBytes(key, afterKey) > 0)
          .slice(0, limit)
          .flatMap((key) => readDocument(documents, key) ?? []);
      },
      countPrefix: async (prefix) => {
        await turn('count', prefix);
        return this.keys(prefix).length;
      },
    };
  }
}

function readDocument(documents: StoredDocuments['documents'], key: string): ModuleDocument | null {
  const document = documents.get(key);
  if (document === undefined) return null;
  return { key, value: JSON.parse(document.json) as unknown, version: document.version };
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
