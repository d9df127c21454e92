import { text } from 'node:stream/consumers';
import t from 'tap';
import { messageEvents } from '../../src/host/message-events.js';

/** What was taken, and what went on. */
async function take(stream: string, pieceBytes: number): Promise<[string[], string]> {
  const bytes = Buffer.from(stream);
  const taken: string[] = [];
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        controller.enqueue(bytes.subarray(at, at + pieceBytes));
      }
      controller.close();
    },
  });
  const passed = await text(
    source.pipeThrough(messageEvents((message) => taken.push(message.toString()))),
  );
  return [taken, passed];
}

t.test('messages are taken as they were written, and everything else goes on', async (t) => {
  const stream =
    'event: endpoint\ndata: /messages\n\n' +
    ': ping\n\n' +
    'data: {"n":1.0}\n\n' +
    'event: message\r\nid: 7\r\ndata:{"é":\r\ndata: 2}\r\n\r\n' +
    'event: other\ndata: {}\n\n' +
    'event: message\n\n' +
    'data: unfinished';
  for (const pieceBytes of [1, 7, 1000]) {
    const [taken, passed] = await take(stream, pieceBytes);
    t.strictSame(taken, ['{"n":1.0}', '{"é":\n2}'], `in pieces of ${pieceBytes}`);
    t.match(passed, /^event: endpoint\ndata: \/messages\n\n/);
    t.match(passed, /event: other\ndata: \{\}\n\n/);
    t.notMatch(passed, 'unfinished', 'an event without its blank line was never sent');
  }
});
