/**
 * Bounds what an HTTP+SSE server can make the host hold: the SDK's parser collects an event whole, and the
 * text of a refused POST, however long they are. Bytes pass as they are, and are counted after decoding, so
 * that compression hides nothing.
 */

const LF = 0x0a;
const CR = 0x0d;

/**
 * Passes a stream on until one event (or, of what is no event stream, all of it) is longer than `maxBytes`:
 * calls `onTooLong`, then errors.
 */
export function boundedEvents(
  maxBytes: number,
  isEvents: boolean,
  onTooLong: () => void,
): TransformStream<Uint8Array, Uint8Array> {
  let eventBytes = 0;
  let lineBytes = 0;
  let isAfterCr = false;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      let longestBytes = 0;
      for (const byte of chunk) {
        eventBytes += 1;
        if (eventBytes > longestBytes) longestBytes = eventBytes;
        const isSecondHalf = byte === LF && isAfterCr;
        isAfterCr = byte === CR;
        if (isSecondHalf) continue;
        if (byte !== LF && byte !== CR) lineBytes += 1;
        else {
          // A blank line ends the event (WHATWG HTML §9.2.6).
          if (lineBytes === 0 && isEvents) eventBytes = 0;
          lineBytes = 0;
        }
      }
      if (longestBytes <= maxBytes) {
        controller.enqueue(chunk);
        return;
      }
      onTooLong();
      controller.error(new Error(`longer than ${maxBytes} bytes`));
    },
  });
}
