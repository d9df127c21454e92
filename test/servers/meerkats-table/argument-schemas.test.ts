import t from 'tap';
import {
  ADDS,
  COLUMN_DEFINITION,
  FILTER_ARGUMENT,
  NEW_TABLE_ARGUMENT,
  OVERWRITES,
  PROJECTION_ARGUMENT,
  READS,
  SORT_ARGUMENT,
  TABLE_ARGUMENT,
} from '../../../src/servers/meerkats-table/argument-schemas.js';

t.test('only reading tools call themselves read-only, only overwriting ones destructive', (t) => {
  const hints = [READS, ADDS, OVERWRITES].map((kind) => [
    kind.readOnlyHint,
    kind.destructiveHint,
    kind.idempotentHint,
  ]);
  t.strictSame(hints, [
    [true, false, true],
    [false, false, false],
    [false, true, true],
  ]);
  t.end();
});

t.test('no schema refers to another: some clients cannot follow', (t) => {
  const schemas = [
    COLUMN_DEFINITION,
    FILTER_ARGUMENT,
    NEW_TABLE_ARGUMENT,
    PROJECTION_ARGUMENT,
    SORT_ARGUMENT,
    TABLE_ARGUMENT,
  ];
  for (const schema of schemas) t.notMatch(JSON.stringify(schema), /\$ref|\$defs/);
  t.end();
});

t.test('the filter explains itself with its bounds', (t) => {
  t.match(FILTER_ARGUMENT['description'], /at most 64 terms, 16 deep/);
  t.end();
});
