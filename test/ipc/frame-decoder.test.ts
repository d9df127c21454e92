import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { FrameDecoder } from '../../src/ipc/frame-decoder.js';
import { FrameEncoder } from '../../src/ipc/frame-encoder.js';
import { FRAME_METHODS, type Frame } from '../../src/ipc/frames.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { countCopiedBytes } from '../support/count-copied-bytes.js';

const MAX_FRAME_BYTES = 1024 * 1024;

/** Records with the prototype that decoded frames have. */
function plain<Shape>(model: {
  [Key in keyof Shape]: fc.Arbitrary<Shape[Key]>;
}): fc.Arbitrary<Shape> {
  return fc.record(model, { noNullPrototype: true });
}

const exchangeId = fc.integer({ min: 0, max: 0xffffffff });
const text = fc.string({ unit: 'binary', maxLength: 40 });
const bytes = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 64 }),
    fc.uint8Array({ minLength: 9000, maxLength: 9100 }),
  )
  .map((array) => Buffer.from(array));
const frame: fc.Arbitrary<Frame> = fc.oneof(
  plain({
    type: fc.constant('open' as const),
    exchangeId,
    server: text,
    user: text,
    credential: fc.option(text),
    method: fc.constantFrom(...FRAME_METHODS),
    headers: fc.array(text, { maxLength: 8 }),
    body: fc.option(bytes),
  }),
  plain({ type: fc.constant('credit' as const), exchangeId, bytes: exchangeId }),
  plain({
    type: fc.constant('head' as const),
    exchangeId,
    status: fc.integer({ min: 100, max: 599 }),
    headers: fc.array(text, { maxLength: 8 }),
  }),
  plain({ type: fc.constant('data' as const), exchangeId, bytes }),
  plain({
    type: fc.constant('error' as const),
    exchangeId,
    error: plain({
      code: text,
      hint: fc.option(text),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 0xfffffffe })),
    }),
  }),
  plain({ type: fc.constant('abort' as const), exchangeId }),
  plain({ type: fc.constant('end' as const), exchangeId, told: fc.option(text) }),
);

function encode(frames: readonly Frame[]): Buffer {
  const encoder = new FrameEncoder();
  for (const each of frames) encodeOne(encoder, each);
  return Buffer.concat(encoder.take());
}

function encodeOne(encoder: FrameEncoder, each: Frame): void {
  switch (each.type) {
    case 'open':
      encoder.open(each.exchangeId, each);
      return;
    case 'credit':
      encoder.credit(each.exchangeId, each.bytes);
      return;
    case 'head':
      encoder.head(each.exchangeId, each.status, each.headers);
      return;
    case 'data':
      encoder.data(each.exchangeId, each.bytes);
      return;
    case 'error':
      encoder.error(each.exchangeId, each.error);
      return;
    case 'abort':
      encoder.abort(each.exchangeId);
      return;
    case 'end':
      encoder.end(each.exchangeId, each.told);
  }
}

function decode(pieces: readonly Buffer[], maxFrameBytes = MAX_FRAME_BYTES): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(maxFrameBytes);
  for (const piece of pieces) decoder.push(piece, (each) => frames.push(each));
  return frames;
}

function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < stream.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(Buffer.from(stream.subarray(at, at + size)));
    at += size;
  }
  return pieces;
}

t.test('any split of the byte stream decodes to the same frames', (t) => {
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 12, size: 'max' }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 10, size: 'max' }),
      (frames, sizes) => {
        assert.deepEqual(decode(cut(encode(frames), sizes)), frames);
      },
    ),
    { numRuns: 150 },
  );
  t.pass();
  t.end();
});

t.test('one byte at a time decodes to the same frames', (t) => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 4 }), (frames) => {
      assert.deepEqual(decode(cut(encode(frames), [1])), frames);
    }),
    { numRuns: 15 },
  );
  t.pass();
  t.end();
});

t.test('garbage is refused or waits for more, but never hangs or crashes otherwise', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), (garbage) => {
      try {
        decode([Buffer.from(garbage)], 256);
      } catch (thrown) {
        assert.equal(thrown instanceof GatewayError && thrown.code, 'GW_INTERNAL');
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
  t.end();
});

t.test('a frame above the bound is refused before it is buffered', (t) => {
  const huge = Buffer.alloc(4);
  huge.writeUInt32LE(1001);
  t.throws(() => decode([huge], 1000), {
    code: 'GW_INTERNAL',
    options: { log: { malformedFrame: 'length' } },
  });
  t.end();
});

const malformed: readonly (readonly [string, readonly number[], string])[] = [
  ['shorter than type and id', [4, 0, 0, 0, 1, 0, 0, 0], 'length'],
  ['of an unknown type', [5, 0, 0, 0, 99, 1, 0, 0, 0], 'type'],
  ['that ends inside a number', [6, 0, 0, 0, 1, 1, 0, 0, 0, 1], 'payload'],
  ['with an unknown method', [6, 0, 0, 0, 0, 1, 0, 0, 0, 9], 'method'],
  [
    'whose texts do not add up',
    [5 + 2 + 2 + 4 + 4 + 1, 0, 0, 0, 3, 1, 0, 0, 0, 200, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x61],
    'texts',
  ],
];
for (const [what, wire, part] of malformed) {
  t.test(`a frame ${what} is refused`, (t) => {
    t.throws(() => decode([Buffer.from(wire)]), {
      code: 'GW_INTERNAL',
      options: { log: { malformedFrame: part } },
    });
    t.end();
  });
}

t.test('a 16 MiB frame in 1000 pieces costs linear time', (t) => {
  const payload = Buffer.alloc(16 * 1024 * 1024, 0x61);
  const encoder = new FrameEncoder();
  encoder.open(1, {
    server: 's',
    user: 'u',
    credential: null,
    method: 'POST',
    headers: [],
    body: payload,
  });
  const stream = Buffer.concat(encoder.take());
  const copied = countCopiedBytes(() => {
    const [open] = decode(cut(stream, [16_384]), 32 * 1024 * 1024);
    t.equal(open?.type === 'open' ? open.body?.length : 0, payload.length);
  });
  t.ok(copied <= stream.length, `copied ${copied} bytes`);
  t.end();
});
