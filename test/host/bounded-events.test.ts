import t from 'tap';
import { boundedEvents } from '../../src/host/bounded-events.js';

/** What passes of the chunks, and whether the bound was met. */
async function pass(chunks: readonly string[], maxBytes: number, isEvents = true) {
  let tooLong = 0;
  const bounded = boundedEvents(maxBytes, isEvents, () => {
    tooLong += 1;
  });
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
  let text = '';
  try {
    for await (const chunk of source.pipeThrough(bounded)) text += Buffer.from(chunk).toString();
  } catch (error) {
    t.match(error, { message: `longer than ${maxBytes} bytes` });
  }
  return { text, tooLong };
}

for (const [name, end] of [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
] as const) {
  t.test(`any number of short events passes, lines ending with ${name}`, async (t) => {
    const event = `event: message${end}data: {}${end}${end}`;
    const all = event.repeat(100);
    t.strictSame(await pass([all], 40), { text: all, tooLong: 0 });
    t.strictSame(await pass(all.split(''), 40), { text: all, tooLong: 0 });
  });

  t.test(`an event of many lines counts whole, lines ending with ${name}`, async (t) => {
    const endless = Array.from({ length: 100 }, () => `data: x${end}`);
    const { text, tooLong } = await pass(endless, 40);
    t.equal(tooLong, 1);
    t.ok(text.length <= 40);
  });
}

t.test('of what is no event stream the whole is counted', async (t) => {
  t.match(await pass(['a\n\n', 'b\n\n', 'c\n\n'], 8, false), { text: 'a\n\nb\n\n', tooLong: 1 });
});
