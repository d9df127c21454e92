/**
 * The official conformance suite says the same of a server behind the gateway as of that server run
 * directly: check by check, at every revision, for every kind of upstream.
 */
import t from 'tap';
import { runConformance } from '../support/conformance/run.js';
import { startFixture } from '../support/conformance/fixture.js';
import { REVISIONS, runSuite, type Revision } from '../support/conformance/suite.js';
import { node24 } from '../support/node24.js';

t.setTimeout(900_000);

/** What the suite's own fixture reaches, measured with 0.2.0-alpha.12. */
const SUCCESSES: Readonly<Record<Revision, number>> = {
  '2026-07-28': 152,
  '2025-11-25': 84,
  '2025-06-18': 56,
  '2025-03-26': 3,
};
const SUITE_DEADLINE_MS = 120_000;

/** The tasks extension, which no SDK server implements; run by the suite, unscored. */
const isTasksExtension = (scenario: string): boolean => scenario.startsWith('tasks-');

if (node24() === undefined) {
  t.pass('the suite needs Node.js 22 or later, and the devDependency that brings it is linux-x64');
} else {
  t.test('the fixture itself passes whatever the suite requires', async (t) => {
    const fixture = await startFixture();
    t.teardown(() => fixture.program.destroy());
    for (const revision of REVISIONS) {
      const results = await runSuite(fixture.url, revision, SUITE_DEADLINE_MS);
      const scored = [...results].filter(([scenario]) => !isTasksExtension(scenario));
      const checks = scored.flatMap(([, scenarioChecks]) => scenarioChecks);
      const bad = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
      t.strictSame(bad, [], `${revision}: nothing fails or is warned about`);
      t.equal(
        checks.filter(({ status }) => status === 'SUCCESS').length,
        SUCCESSES[revision],
        `${revision}: every check was made`,
      );
    }
  });

  t.test('the gateway changes no verdict', async (t) => {
    const comparisons = await runConformance();
    for (const { table } of comparisons) t.comment(`\n${table}`);
    t.equal(comparisons.length, REVISIONS.length);
    t.strictSame(
      comparisons.flatMap(({ differences }) => differences),
      [],
    );
  });
}
