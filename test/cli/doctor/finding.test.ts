import t from 'tap';
import { exitCodeFor, failure, fine, note, warning } from '../../../src/cli/doctor/finding.js';

const error = (exitCode: number) => failure('x', 'is wrong', 'repair it', exitCode);

t.test('warnings and notes stop nobody', async (t) => {
  t.equal(exitCodeFor([fine('a', 'b'), note('a', 'b'), warning('a', 'b', 'c')]), 0);
});

t.test('of several errors the one that no restart cures decides', async (t) => {
  t.equal(exitCodeFor([error(69)]), 69);
  t.equal(exitCodeFor([error(69), error(75), error(77), error(78)]), 78);
  t.equal(exitCodeFor([error(69), error(75)]), 75);
  t.equal(exitCodeFor([error(70)]), 70);
});
