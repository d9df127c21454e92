import t from 'tap';
import {
  readTraceparent,
  TRACEPARENT_LENGTH,
  writeTraceparent,
} from '../../src/telemetry/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

t.test('what is written is read, and always as long', (t) => {
  for (const isSampled of [true, false]) {
    const context = { traceId: TRACE, spanId: SPAN, isSampled };
    const text = writeTraceparent(context);
    t.equal(text.length, TRACEPARENT_LENGTH);
    t.same(readTraceparent(text), context);
  }
  t.equal(readTraceparent(`00-${TRACE}-${SPAN}-03`)?.isSampled, true, 'other flags are left alone');
  t.end();
});

t.test('what is no context begins a new trace', (t) => {
  for (const text of [
    undefined,
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ]) {
    t.equal(readTraceparent(text), null, String(text));
  }
  t.end();
});
