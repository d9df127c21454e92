import t from 'tap';
import { formatTable } from '../../src/cli/table.js';

t.test('columns are as wide as their widest cell and carry no trailing space', (t) => {
  t.equal(
    formatTable(
      ['A', 'LONG', 'C'],
      [
        ['wide', 'x', ''],
        ['y', '', 'z\nz'],
      ],
    ),
    ['A     LONG  C', 'wide  x', 'y           z\ufffdz', ''].join('\n'),
  );
  t.equal(formatTable(['A'], []), 'A\n');
  t.end();
});
