import t from 'tap';
import { describeTable } from '../../../src/servers/meerkats-table/table-description.js';
import { column } from './support/columns.js';

t.test(
  'a table is described by name, size and columns; a default shows where there is one',
  (t) => {
    const head = {
      id: '1-a',
      name: 'people',
      columns: [
        column('a', 'text', { required: true }),
        column('b', 'boolean', { default: false, fill: null }),
      ],
      nextRow: 9,
      chunks: [
        { id: '1-x', rowCount: 3, bytes: 30 },
        { id: '1-y', rowCount: 1, bytes: 12 },
      ],
    };
    t.strictSame(describeTable(head), {
      name: 'people',
      row_count: 4,
      size_bytes: 42,
      columns: [
        { name: 'a', type: 'text', required: true, unique: false },
        { name: 'b', type: 'boolean', required: false, unique: false, default: false },
      ],
    });
    t.end();
  },
);
