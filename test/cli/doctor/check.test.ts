import t from 'tap';
import { examineAll } from '../../../src/cli/doctor/check.js';
import { fine } from '../../../src/cli/doctor/finding.js';

const patient = { inspection: null, gateway: null, publicUrl: null };

t.test('findings come in the order of the checks, whichever ends first', async (t) => {
  const slow = Promise.resolve().then(() => [fine('slow', 'done')]);
  const found = await examineAll(
    [
      { name: 'slow', examine: () => slow },
      { name: 'fast', examine: () => [fine('fast', 'done')] },
    ],
    patient,
  );
  t.strictSame(
    found.map(({ check }) => check),
    ['slow', 'fast'],
  );
});

t.test('a check that breaks or hangs is a finding, and no other check suffers', async (t) => {
  const found = await examineAll(
    [
      { name: 'broken', examine: () => Promise.reject(new Error('no disk')) },
      {
        name: 'thrown',
        examine: () => {
          throw new Error('no cpu');
        },
      },
      { name: 'hung', timeoutMs: 5, examine: () => new Promise(() => undefined) },
      { name: 'good', examine: () => [fine('good', 'done')] },
    ],
    patient,
  );
  t.match(found, [
    { check: 'broken', severity: 'error', message: /no disk/, exitCode: 69 },
    { check: 'thrown', severity: 'error', message: /no cpu/ },
    { check: 'hung', severity: 'error', message: /no answer within/ },
    { check: 'good', severity: 'ok' },
  ]);
});
