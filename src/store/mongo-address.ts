/**
 * The parts of a MongoDB connection string that people may see and the name of the database. Read here and
 * not by the driver, whose answer for "no database named" is `test` (connection-string specification).
 */

const DEFAULT_DATABASE = 'multi-mcp';

/** The connection string is none that the driver takes. The message holds nothing of it. */
export class StoreAddressError extends Error {
  override readonly name = 'StoreAddressError';
}

export interface MongoAddress {
  /** Hosts with their ports as written; no credentials. */
  readonly hosts: string;
  readonly database: string;
}

export function mongoAddress(uri: string): MongoAddress {
  const [authority = '', path = ''] = uri
    .replace(/^mongodb(\+srv)?:\/\//, '')
    .replace(/[?#].*$/s, '')
    .split(/\/(.*)/s);
  // The last @: a password that was left unescaped must not be taken for a host.
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  return { hosts, database: path === '' ? DEFAULT_DATABASE : decoded(path) };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
