import t from 'tap';
import { readDelimiter } from '../../../../src/servers/meerkats-table/tools/csv-arguments.js';
import { ToolArguments } from '../../../../src/servers/meerkats-table/tool-arguments.js';

t.test('the delimiter is a comma unless said otherwise', (t) => {
  const read = (delimiter?: unknown): string =>
    readDelimiter(new ToolArguments({ delimiter }, ['delimiter']));
  t.equal(read(), ',');
  t.equal(read(';'), ';');
  t.equal(read('\t'), '\t');
  t.throws(() => read('tab'), { message: /is one of/ });
  t.end();
});
