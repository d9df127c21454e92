/**
 * Socket addresses from bytes to text. uWebSockets.js gives 4 or 16 bytes; the text of an IPv4 peer
 * is remembered, because the same few peers (proxies, agents) send most requests.
 */

/** Dropped whole when it is full: a table of recent peers, not of all. */
const MAX_REMEMBERED = 4096;
const V4_MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

export class PeerAddresses {
  readonly #v4 = new Map<number, string>();

  /** Dotted for IPv4 and for IPv4 mapped into IPv6; empty when the socket is gone. */
  text(address: ArrayBuffer): string {
    const bytes = new Uint8Array(address);
    if (bytes.length === 4) return this.#dotted(bytes, 0);
    if (bytes.length !== 16) return '';
    if (V4_MAPPED_PREFIX.every((byte, index) => bytes[index] === byte)) {
      return this.#dotted(bytes, 12);
    }
    const groups: string[] = [];
    const view = new DataView(address);
    for (let offset = 0; offset < 16; offset += 2) groups.push(view.getUint16(offset).toString(16));
    return shortest(groups);
  }

  #dotted(bytes: Uint8Array, offset: number): string {
    const a = bytes[offset] ?? 0;
    const b = bytes[offset + 1] ?? 0;
    const c = bytes[offset + 2] ?? 0;
    const d = bytes[offset + 3] ?? 0;
    const key = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    let text = this.#v4.get(key);
    if (text === undefined) {
      text = `${a}.${b}.${c}.${d}`;
      if (this.#v4.size >= MAX_REMEMBERED) this.#v4.clear();
      this.#v4.set(key, text);
    }
    return text;
  }
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`. */
function shortest(groups: readonly string[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (end < groups.length && groups[end] === '0') end += 1;
    if (end - start > bestLength) [bestStart, bestLength] = [start, end - start];
  }
  if (bestStart < 0) return groups.join(':');
  const before = groups.slice(0, bestStart).join(':');
  return `${before}::${groups.slice(bestStart + bestLength).join(':')}`;
}
