/**
 * Who is at the other end: the socket's peer, or the client that a trusted proxy names in
 * X-Forwarded-For. Only what trusted proxies appended is believed, so the list is read from the
 * right (threat 22: a client can write anything to the left of it).
 */
import { BlockList, isIP } from 'node:net';

/** Verdicts kept; peers are few (proxies), and the table is dropped when it is full. */
const MAX_REMEMBERED = 1024;
const V4_MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/** IPv4 in dotted form even where a dual-stack socket shows it as `::ffff:10.0.0.1`. */
export function normaliseAddress(address: string): string {
  return V4_MAPPED.exec(address)?.[1] ?? address;
}

export function isLoopbackAddress(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** `10.0.0.1:4711`, `[::1]:4711`, `::1` or `10.0.0.1` to the bare address; undefined for anything else. */
function forwardedAddress(entry: string): string | undefined {
  const text = entry.trim();
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  const bare = bracketed ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : normaliseAddress(bare);
}

export class ClientAddress {
  readonly #trusted = new BlockList();
  readonly #verdicts = new Map<string, boolean>();

  /** `trustProxy`: addresses or CIDR blocks; throws on anything else. */
  constructor(trustProxy: readonly string[]) {
    for (const entry of trustProxy) {
      const [address = '', prefix] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(prefix), family);
    }
  }

  isTrusted(address: string): boolean {
    const known = this.#verdicts.get(address);
    if (known !== undefined) return known;
    const verdict = this.#trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    if (this.#verdicts.size >= MAX_REMEMBERED) this.#verdicts.clear();
    this.#verdicts.set(address, verdict);
    return verdict;
  }

  /** The nearest address that is not a trusted proxy. `peer` must be trusted itself. */
  behindProxy(peer: string, forwardedFor: string | undefined): string {
    let nearest = peer;
    for (const entry of (forwardedFor ?? '').split(',').reverse()) {
      const address = forwardedAddress(entry);
      if (address === undefined) return nearest;
      nearest = address;
      if (!this.isTrusted(address)) return nearest;
    }
    return nearest;
  }
}
