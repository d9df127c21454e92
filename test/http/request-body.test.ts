import fc from 'fast-check';
import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { RequestBody } from '../../src/http/request-body.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

t.test('a body is the bytes in order, and owns them', async (t) => {
  const body = new RequestBody(6);
  t.equal(body.isComplete, false);
  const reading = body.read(10);
  const borrowed = Buffer.from('abc');
  body.push(borrowed, false);
  borrowed.fill('x');
  body.push(bytes('def'), false);
  body.push(bytes(''), true);
  t.equal((await reading).toString(), 'abcdef');
  t.equal(body.isComplete, true);
});

t.test('a body in one piece owns its bytes too', async (t) => {
  const body = new RequestBody(3);
  const reading = body.read(3);
  const borrowed = Buffer.from('abc');
  body.push(borrowed, true);
  borrowed.fill('x');
  t.equal((await reading).toString(), 'abc');
});

t.test('no body is an empty body', async (t) => {
  const none = new RequestBody(0);
  t.equal(none.isComplete, true);
  t.equal((await none.read(0)).length, 0);
  const chunked = new RequestBody(-1);
  const reading = chunked.read(0);
  chunked.push(bytes(''), true);
  t.equal((await reading).length, 0);
});

t.test('a length that is announced too large is refused at once', async (t) => {
  const body = new RequestBody(11);
  await t.rejects(body.read(10), { code: 'GW_BODY_TOO_LARGE' });
  body.push(bytes('x'), false);
  t.equal(body.isComplete, false, 'the bytes are still owed');
});

t.test('a failed read stays failed, whatever comes', async (t) => {
  const body = new RequestBody(-1);
  const reading = body.read(10);
  body.push(bytes('abc'), false);
  body.fail(new GatewayError('GW_BODY_TIMEOUT'));
  body.push(bytes('def'), true);
  await t.rejects(reading, { code: 'GW_BODY_TIMEOUT' });
  t.equal(body.isComplete, true);
  body.fail(new GatewayError('GW_INTERNAL'));
});

t.test('bytes that nobody asked for are dropped', (t) => {
  const body = new RequestBody(-1);
  body.push(bytes('abc'), false);
  body.push(bytes('def'), true);
  t.equal(body.isComplete, true);
  t.end();
});

t.test('any cut of any body gives the same bytes, or is refused past the limit', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { size: 'max', maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(800), async (parts, maxBytes) => {
      const whole = Buffer.concat(parts);
      const body = new RequestBody(-1);
      const reading = body.read(maxBytes).then(
        (got) => got.equals(whole) && whole.length <= maxBytes,
        () => whole.length > maxBytes,
      );
      for (const part of parts) body.push(part, false);
      body.push(new Uint8Array(0), true);
      return reading;
    }),
    { numRuns: 200 },
  );
});
