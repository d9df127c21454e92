/**
 * Takes the messages out of the stream of an HTTP+SSE server as bytes: the SDK would hand them on parsed, and
 * what JavaScript makes of a number is not always that number. All other events go on to it.
 */
import { EventBuffer } from '../mcp/event-buffer.js';

const LINE_END = /\r\n|\n|\r/u;

/** Behind `boundedEvents`, which says how long an event may be. */
export function messageEvents(
  onMessage: (message: Buffer) => void,
): TransformStream<Uint8Array, Uint8Array> {
  const events = new EventBuffer();
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const whole = events.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (whole === null) return;
      let lines: string[] = [];
      for (const line of whole.toString().split(LINE_END)) {
        if (line !== '') {
          lines.push(line);
          continue;
        }
        const data = messageIn(lines);
        if (data !== null) onMessage(Buffer.from(data));
        else if (lines.length > 0) controller.enqueue(Buffer.from(`${lines.join('\n')}\n\n`));
        lines = [];
      }
    },
  });
}

/** The data of an event of the type "message"; null for any other, and for one without data (WHATWG HTML §9.2.6). */
function messageIn(lines: readonly string[]): string | null {
  let type = '';
  const data: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /u, '');
    if (name === 'event') type = value;
    else if (name === 'data') data.push(value);
  }
  return data.length > 0 && (type === '' || type === 'message') ? data.join('\n') : null;
}
