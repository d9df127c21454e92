import t from 'tap';
import { didYouMean, nearestName } from '../../../src/servers/meerkats-table/nearest-name.js';

t.test('the nearest name is the one with the fewest edits, letter case ignored', (t) => {
  const known = ['price', 'prices', 'quantity', 'Name'];
  const cases: [string, string | null][] = [
    ['prise', 'price'],
    ['pricess', 'prices'],
    ['NAME', 'Name'],
    ['quantty', 'quantity'],
    ['qty', null],
    ['zzzzz', null],
    ['p'.repeat(100), null],
  ];
  for (const [wanted, name] of cases) t.equal(nearestName(wanted, known), name, wanted);
  t.equal(nearestName('a', []), null);
  t.end();
});

t.test('a suggestion is a sentence of its own, or nothing', (t) => {
  t.equal(didYouMean('prise', ['price']), ' Did you mean "price"?');
  t.equal(didYouMean('zzzzz', ['price']), '');
  t.equal(didYouMean(5, ['price']), '');
  t.end();
});
