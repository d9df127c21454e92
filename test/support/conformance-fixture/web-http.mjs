/**
 * Lets a fetch-shaped handler (Web `Request` in, Web `Response` out) answer a node:http server, with
 * back-pressure, and aborts the request's signal when the client leaves.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** @param {(request: Request) => Promise<Response>} handle */
export function webListener(handle) {
  return (incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch(() => outgoing.destroy());
  };
}

async function answer(handle, incoming, outgoing) {
  const left = new AbortController();
  outgoing.once('close', () => left.abort());
  const response = await handle(toRequest(incoming, left.signal));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) {
    outgoing.end();
    return;
  }
  // An event stream that has nothing to say yet still has to be seen as open.
  outgoing.flushHeaders();
  await pipeline(Readable.fromWeb(response.body), outgoing);
}

function toRequest(incoming, signal) {
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD';
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers,
    signal,
    ...(hasBody && { body: Readable.toWeb(incoming), duplex: 'half' }),
  });
}
