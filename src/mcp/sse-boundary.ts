/**
 * Where the last complete server-sent event ends in a piece of a stream (WHATWG HTML §9.2.6: an event
 * ends at a blank line; lines end with LF, CRLF or CR). Whoever forwards only whole events may at any
 * moment put an event of its own between them.
 */

const LF = 0x0a;
const CR = 0x0d;

/** Length of the prefix of `bytes` that ends with a blank line; 0 when there is none. */
export function completeEventsLength(bytes: Uint8Array): number {
  for (let end = bytes.length; end >= 2; end -= 1) {
    const last = bytes[end - 1];
    if (last !== LF && last !== CR) continue;
    const before = bytes[end - 2];
    if (last === LF && before === LF) return end;
    if (last === CR && before === CR) return end;
    if (last === LF && before === CR) {
      const third = bytes[end - 3];
      if (third === LF || third === CR) return end;
    }
    if (last === CR && before === LF) return end;
  }
  return 0;
}

/** The bytes of one event that carries one JSON-RPC message. */
export function messageEvent(json: string): string {
  return `event: message\ndata: ${json}\n\n`;
}
