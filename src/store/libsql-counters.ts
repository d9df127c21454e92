/** Counters that tell pollers of changes; each moves in the transaction of the change it announces. */
import type { LibsqlConnection } from './libsql-connection.js';
import type { ChangeCounter } from './record-table.js';
import { integerOf, isRow } from './stored-row.js';

export function counterReader(
  connection: LibsqlConnection,
  counter: ChangeCounter,
): () => Promise<number> {
  const statement = connection.prepare('SELECT value FROM counters WHERE name = ?');
  return () =>
    connection.read(() => {
      const row = statement.all(counter)[0];
      return isRow(row) ? integerOf(row, 'value') : 0;
    });
}
