/**
 * A small document from an address that the configuration names, bounded in time and bytes. No redirects: they
 * would let whoever answers choose where we look next (threat 7). Cleartext is for loopback alone.
 */
import { request } from 'undici';
import { boundedText } from '../upstream/bounded-text.js';

export interface FetchTextOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** Rejects with an Error that says why there is no document. */
export async function fetchText(address: string, options: FetchTextOptions): Promise<string> {
  const { timeoutMs, maxBytes } = options;
  const url = new URL(address);
  if (url.protocol !== 'https:' && !isLoopback(url)) throw new Error('the address is not https');
  const response = await request(url, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.statusCode !== 200) {
    // A body that is given up ends with an error event, and without a listener that ends the process.
    response.body.on('error', () => undefined).destroy();
    throw new Error(`status ${response.statusCode}`);
  }
  return boundedText(response.body, maxBytes);
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
