import t from 'tap';
import { RENAMED_KEYS } from '../../config/renamed-keys.js';
import { schemaAt } from '../../config/setting-list.js';

t.test('every row leads from a name that is no setting to one that is', (t) => {
  for (const { from, to, since, until } of RENAMED_KEYS) {
    const shown = `${from.join('.')} → ${to.join('.')}`;
    const parent = schemaAt(from.slice(0, -1));
    t.notOk(Object.hasOwn(parent?.properties ?? {}, from.at(-1) ?? ''), shown);
    t.ok(schemaAt(to), shown);
    t.equal(
      from.filter((key) => key === '*').length,
      to.filter((key) => key === '*').length,
      `${shown} keeps the names`,
    );
    // For one major version, so that an upgrade breaks nothing (docs/configuration.md).
    const major = (version: string): number => Number(version.split('.')[0]);
    t.ok(major(until) > major(since), `${shown} is known from ${since} until ${until}`);
  }
  t.end();
});
