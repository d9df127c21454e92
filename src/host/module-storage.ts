/**
 * The documents that a module may touch in one call: this server's, of this user. The scope is fixed
 * here, out of the module's reach, so no key it makes up leads to another user's data.
 */
import type { ModuleStorage } from '../servers/module-api.js';
import type { DocumentScope, DocumentStore } from '../store/store.js';

export function moduleStorage(documents: DocumentStore, scope: DocumentScope): ModuleStorage {
  return {
    get: (key) => documents.get(scope, key),
    put: (key, value, options) => documents.put(scope, key, value, options),
    putMany: (entries) => documents.putMany(scope, entries),
    delete: (key) => documents.delete(scope, key),
    deletePrefix: (prefix) => documents.deletePrefix(scope, prefix),
    list: (query) => documents.list(scope, query),
    countPrefix: (prefix) => documents.countPrefix(scope, prefix),
  };
}
