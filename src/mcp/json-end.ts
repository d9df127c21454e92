/**
 * Whether bytes can be the end of a JSON message. An answer that is delimited by the end of its connection
 * (RFC 9112 §6.3) breaks off without any sign but this one.
 */
const CLOSING = new Set([0x7d, 0x5d]);
/** Space, tab, line feed, carriage return (RFC 8259 §2). */
const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** True where the last thing in it closes an object or an array; in doubt (white space alone) true. */
export function endsLikeJson(bytes: Uint8Array): boolean {
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    const byte = bytes[at] ?? 0;
    if (!WHITESPACE.has(byte)) return CLOSING.has(byte);
  }
  return true;
}
