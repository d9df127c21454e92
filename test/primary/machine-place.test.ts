import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { machinePlace } from '../../src/primary/machine-place.js';

t.test('a data directory keeps its place, and two have different ones', async (t) => {
  const [one, two] = [t.testdir(), t.testdir({ other: {} })];
  const place = await machinePlace(one);
  t.match(place, /^[0-9a-f]{32}$/);
  t.equal(await machinePlace(one), place);
  t.not(await machinePlace(join(two, 'other')), place);
  t.equal(statSync(join(one, 'machine-id')).mode & 0o777, 0o600);
});

t.test('a damaged file is replaced; without one it is another place each time', async (t) => {
  const directory = t.testdir({ 'machine-id': 'half' });
  const place = await machinePlace(directory);
  t.equal(readFileSync(join(directory, 'machine-id'), 'utf8'), `${place}\n`);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  t.match(await machinePlace(file), /^[0-9a-f]{32}$/);
});
