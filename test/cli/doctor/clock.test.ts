import t from 'tap';
import { examineClock, judgeClock } from '../../../src/cli/doctor/clock.js';

const good = { isSynchronised: true, source: 'tsc', stepMs: 0.3, isBeforeBuild: false };

t.test('a clock that is set, steady and cheap is fine', async (t) => {
  t.match(judgeClock(good), [{ severity: 'ok', message: /synchronised.*tsc/ }]);
  t.match(judgeClock({ ...good, isSynchronised: null }), [{ severity: 'note' }]);
});

t.test('each thing that is wrong with a clock is said', async (t) => {
  const bad = { isSynchronised: false, source: 'hpet', stepMs: -500, isBeforeBuild: true };
  t.match(judgeClock(bad), [
    { severity: 'warning', message: /before the day/ },
    { severity: 'warning', message: /not synchronised/, fix: /set-ntp/ },
    { severity: 'warning', message: /-500 ms/ },
    { severity: 'warning', message: /hpet/ },
  ]);
});

t.test('the clocks of this machine are read', async (t) => {
  t.ok((await examineClock()).length > 0);
});
