import fc from 'fast-check';
import t from 'tap';
import { nearest } from '../../config/nearest.js';

const KEYS = ['port', 'host', 'maxBodyBytes', 'maxTotalConnections', 'queueMaxSize'];

void t.test('the nearest name', (t) => {
  const cases: [string, string | null, string][] = [
    ['prot', 'port', 'swapped neighbours are one mistake'],
    ['prt', 'port', 'a missing letter'],
    ['portt', 'port', 'a letter too many'],
    ['most', 'host', 'a wrong letter'],
    ['max_body_bytes', 'maxBodyBytes', 'the same words in another style'],
    ['MAXBODYBYTES', 'maxBodyBytes', 'the same letters in another case'],
    ['maxTotalConections', 'maxTotalConnections', 'a slip in a long name'],
    ['retries', null, 'nothing is near'],
    ['', null, 'an empty name is near to nothing'],
  ];
  for (const [typed, expected, why] of cases) t.equal(nearest(typed, KEYS), expected, why);
  t.end();
});

void t.test('a known name is always its own nearest', (t) => {
  const name = fc.string({ minLength: 1, maxLength: 30, size: 'max' });
  t.doesNotThrow(() => {
    fc.assert(fc.property(name, name, (typed, other) => nearest(typed, [other, typed]) !== null));
  });
  t.doesNotThrow(() => {
    fc.assert(fc.property(name, (typed) => nearest(typed, [typed]) === typed));
  });
  t.end();
});
