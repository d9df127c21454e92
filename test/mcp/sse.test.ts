import t from 'tap';
import { primingEvent, SSE_PING, sseEvent } from '../../src/mcp/sse.js';

t.test('events are written as the SDK writes them', (t) => {
  t.equal(sseEvent(Buffer.from('{"a":1}')).toString(), 'event: message\ndata: {"a":1}\n\n');
  t.equal(
    sseEvent(Buffer.from('{"a":1}'), '3-7').toString(),
    'event: message\nid: 3-7\ndata: {"a":1}\n\n',
  );
  t.equal(primingEvent('3-0', 1000).toString(), 'id: 3-0\nretry: 1000\ndata: \n\n');
  t.equal(SSE_PING.toString(), ': ping\n\n');
  t.end();
});

t.test('a line break in the JSON cannot end the event early', (t) => {
  t.equal(
    sseEvent(Buffer.from('{\n"a"\r\n:1}')).toString(),
    'event: message\ndata: { "a"  :1}\n\n',
  );
  t.end();
});
