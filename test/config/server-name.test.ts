import fc from 'fast-check';
import t from 'tap';
import {
  RESERVED_NAMES,
  SERVER_NAME_PATTERN,
  serverNameProblem,
} from '../../config/server-name.js';

void t.test('usable and unusable names', (t) => {
  for (const name of ['a', 'meerkats-table', 'v1.2', 'A_b', '9', 'x'.repeat(64)]) {
    t.equal(serverNameProblem(name), null, name);
  }
  for (const name of ['', 'x'.repeat(65), '-a', '.a', 'a__b', 'a b', 'a/b', 'é', 'a%2Fb', 'a\n']) {
    t.match(serverNameProblem(name), { message: /not a usable server name/ }, JSON.stringify(name));
  }
  for (const name of RESERVED_NAMES) {
    t.match(serverNameProblem(name), { message: /route of the gateway/ }, name);
  }
  t.end();
});

void t.test('a bad name comes with a usable one', (t) => {
  t.equal(serverNameProblem('My Server!')?.hint, 'for example "My-Server"');
  t.equal(serverNameProblem('@scope/files__x')?.hint, 'for example "scope-files-x"');
  t.equal(serverNameProblem('***')?.hint, null);
  t.end();
});

void t.test('the name in the hint is itself usable', (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100, size: 'max' }), (name) => {
        const suggested = /"(.*)"/.exec(serverNameProblem(name)?.hint ?? '')?.[1];
        return suggested === undefined || serverNameProblem(suggested) === null;
      }),
      { numRuns: 500 },
    );
  });
  t.end();
});

void t.test("the editors' pattern agrees with the loader", (t) => {
  const pattern = new RegExp(SERVER_NAME_PATTERN);
  const name = fc.oneof(fc.string(), fc.constantFrom(...RESERVED_NAMES, 'a__b', 'health2', 'a.b'));
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(name, (text) => pattern.test(text) === (serverNameProblem(text) === null)),
    );
  });
  t.end();
});
