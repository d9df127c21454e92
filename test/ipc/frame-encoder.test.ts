import t from 'tap';
import { FrameDecoder } from '../../src/ipc/frame-decoder.js';
import { FrameEncoder } from '../../src/ipc/frame-encoder.js';
import { FRAME_HEADER_BYTES, MAX_DATA_BYTES, type Frame } from '../../src/ipc/frames.js';

const MAX_FRAME_BYTES = 16 * 1024 * 1024;

function decodeAll(parts: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(MAX_FRAME_BYTES);
  for (const part of parts) decoder.push(part, (frame) => frames.push(frame));
  return frames;
}

t.test('frames encoded in one turn leave as one buffer', (t) => {
  const encoder = new FrameEncoder();
  encoder.head(7, 200, ['content-type', 'application/json']);
  encoder.data(7, Buffer.from('{"a":1}'));
  encoder.end(7, null);
  const parts = encoder.take();
  t.equal(parts.length, 1);
  t.strictSame(
    decodeAll(parts).map((frame) => frame.type),
    ['head', 'data', 'end'],
  );
  t.end();
});

t.test('what was taken is not overwritten by later frames', (t) => {
  const encoder = new FrameEncoder();
  encoder.data(1, Buffer.from('first'));
  const first = encoder.take();
  encoder.data(2, Buffer.from('other'));
  const second = encoder.take();
  t.strictSame(decodeAll(first), [{ type: 'data', exchangeId: 1, bytes: Buffer.from('first') }]);
  t.strictSame(decodeAll(second), [{ type: 'data', exchangeId: 2, bytes: Buffer.from('other') }]);
  t.end();
});

t.test('a large answer is split, so that others can come between its frames', (t) => {
  const encoder = new FrameEncoder();
  const bytes = Buffer.alloc(2 * MAX_DATA_BYTES + 1, 0x61);
  encoder.data(1, bytes);
  const frames = decodeAll(encoder.take());
  t.strictSame(
    frames.map((frame) => (frame.type === 'data' ? frame.bytes.length : -1)),
    [MAX_DATA_BYTES, MAX_DATA_BYTES, 1],
  );
  t.end();
});

t.test('a large body is sent by reference, not copied', (t) => {
  const encoder = new FrameEncoder();
  const body = Buffer.alloc(1024 * 1024, 0x62);
  encoder.open(3, { server: 's', user: 'u', credential: null, method: 'POST', headers: [], body });
  const parts = encoder.take();
  t.equal(parts.length, 2);
  t.equal(parts[1]?.buffer, body.buffer);
  t.strictSame(decodeAll(parts), [
    {
      type: 'open',
      exchangeId: 3,
      server: 's',
      user: 'u',
      credential: null,
      method: 'POST',
      headers: [],
      body,
    },
  ]);
  t.end();
});

t.test('texts keep their borders, whatever they hold', (t) => {
  const encoder = new FrameEncoder();
  const user = 'eve\n\0\u0001DELETE';
  const headers = ['x-a', '', 'x-b', 'naïve\n', 'x-c', '😀'];
  encoder.open(1, { server: 'srv', user, credential: 'a\n😀', method: 'GET', headers, body: null });
  const [frame] = decodeAll(encoder.take());
  if (frame?.type !== 'open') throw new Error('no open frame');
  t.equal(frame.user, user);
  t.equal(frame.credential, 'a\n😀');
  t.equal(frame.method, 'GET');
  t.strictSame(frame.headers, headers);
  t.end();
});

t.test('half a surrogate pair is replaced, and its neighbours stay whole', (t) => {
  const encoder = new FrameEncoder();
  encoder.head(1, 200, ['a', '\ud83d', 'b', 'c\ude00']);
  const [frame] = decodeAll(encoder.take());
  t.strictSame(frame?.type === 'head' ? frame.headers : null, ['a', '\ufffd', 'b', 'c\ufffd']);
  t.end();
});

t.test('an empty body and no body are told apart', (t) => {
  const encoder = new FrameEncoder();
  const common = { server: 's', user: 'u', credential: null, headers: [] };
  encoder.open(1, { ...common, method: 'POST', body: Buffer.alloc(0) });
  encoder.open(2, { ...common, method: 'DELETE', body: null });
  const bodies = decodeAll(encoder.take()).map((frame) =>
    frame.type === 'open' ? frame.body : undefined,
  );
  t.strictSame(bodies, [Buffer.alloc(0), null]);
  t.end();
});

t.test('pending bytes are those that take returns', (t) => {
  const encoder = new FrameEncoder();
  encoder.end(1, null);
  encoder.data(1, Buffer.alloc(20_000));
  const pending = encoder.pendingBytes;
  const taken = encoder.take().reduce((sum, part) => sum + part.length, 0);
  t.equal(pending, taken);
  t.equal(pending, 20_000 + 2 * FRAME_HEADER_BYTES);
  t.equal(encoder.pendingBytes, 0);
  t.end();
});

t.test('the slab is renewed when it is full, and nothing is lost', (t) => {
  const encoder = new FrameEncoder();
  const count = 3000;
  for (let id = 1; id <= count; id += 1) encoder.head(id, 200, ['x', 'y'.repeat(id % 97)]);
  const frames = decodeAll(encoder.take());
  t.equal(frames.length, count);
  t.ok(frames.every((frame, index) => frame.exchangeId === index + 1));
  t.end();
});
