import t from 'tap';
import { readCredential } from '../../src/gateway/credential.js';

const read = (authorization?: string, apiKey?: string) => readCredential({ authorization, apiKey });
const one = (text: string) => ({ kind: 'one', text });
const NONE = { kind: 'none' };

t.test('where the credential is found, and when there is none', (t) => {
  for (const [authorization, apiKey, expected] of [
    [undefined, undefined, NONE],
    ['', '', NONE],
    ['Bearer abc', undefined, one('abc')],
    ['bearer abc', undefined, one('abc')],
    ['BEARER   abc ', undefined, one('abc')],
    ['Bearer', undefined, NONE],
    ['Bearer ', undefined, NONE],
    ['Bearerabc', undefined, NONE],
    [undefined, 'abc', one('abc')],
    [undefined, ' abc ', one('abc')],
    ['Bearer abc', 'abc', one('abc')],
    ['Bearer abc', 'abd', { kind: 'ambiguous' }],
    ['Basic dXNlcjpwYXNz', 'abc', one('abc')],
    ['Basic dXNlcjpwYXNz', undefined, NONE],
    ['Bearer ', 'abc', one('abc')],
  ] as const) {
    t.same(read(authorization, apiKey), expected, JSON.stringify([authorization, apiKey]));
  }
  t.end();
});
