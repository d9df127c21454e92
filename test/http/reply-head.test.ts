import fc from 'fast-check';
import t from 'tap';
import { checkHeaders, isBodiless, isFinalStatus, statusLine } from '../../src/http/reply-head.js';

t.test('fields are kept in order, with the case they were given in', (t) => {
  t.same(checkHeaders({ 'Content-Type': 'a/b', 'x-empty': '', 'x-tab': 'a\tb' }), {
    flat: ['Content-Type', 'a/b', 'x-empty', '', 'x-tab', 'a\tb'],
    isAscii: true,
  });
  t.same(checkHeaders({ 'x-latin': '\u00e9' }), { flat: ['x-latin', '\u00e9'], isAscii: false });
  t.end();
});

t.test('fields that frame the message are the front\u2019s own', (t) => {
  const relayed = {
    Connection: 'x',
    'Content-Length': '1',
    Date: 'x',
    'Keep-Alive': 'x',
    'Transfer-Encoding': 'chunked',
    upgrade: 'x',
    etag: 'y',
  };
  t.same(checkHeaders(relayed)?.flat, ['etag', 'y']);
  t.same(checkHeaders(relayed)?.flat, ['etag', 'y'], 'also when the names are known');
  t.end();
});

t.test('nothing that could end a field or a head passes', (t) => {
  for (const bad of ['\r', '\n', '\0', '\x01', '\x7f', '\u0100', '\u{1f600}']) {
    t.equal(checkHeaders({ a: `x${bad}y` }), undefined, `value ${JSON.stringify(bad)}`);
    t.equal(checkHeaders({ [`x${bad}y`]: 'a' }), undefined, `name ${JSON.stringify(bad)}`);
    t.equal(checkHeaders({ [`x${bad}y`]: 'a' }), undefined, 'again, from memory');
  }
  for (const name of ['', ' ', 'a b', 'a:b', '"', '\u00e9']) {
    t.equal(checkHeaders({ [name]: 'a' }), undefined, `name ${JSON.stringify(name)}`);
  }
  t.end();
});

t.test('whatever is given, what passes is one line per field', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
      const flat = checkHeaders({ [name]: value })?.flat;
      return flat === undefined || !/[\0\r\n]|[^\0-\xff]/.test(flat.join(''));
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test('more names than are remembered are still judged', (t) => {
  for (let i = 0; i < 1_500; i += 1) {
    if (checkHeaders({ [`x-${i}`]: 'a' })?.flat.length !== 2) t.fail(`x-${i}`);
    if (checkHeaders({ [`x ${i}`]: 'a' }) !== undefined) t.fail(`x ${i}`);
  }
  t.same(checkHeaders({ connection: 'close' })?.flat, []);
  t.end();
});

t.test('status lines carry the registered phrase', (t) => {
  t.equal(statusLine(200), '200 OK');
  t.equal(statusLine(413), '413 Payload Too Large');
  t.equal(statusLine(431), '431 Request Header Fields Too Large');
  t.equal(statusLine(599), '599 Unknown');
  t.same([199, 200, 599, 600, 200.5, Number.NaN].map(isFinalStatus), [
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
  t.same([200, 202, 204, 304].map(isBodiless), [false, false, true, true]);
  t.end();
});
