/**
 * The literal bytes of the fronts' replies, so that a library that changes them is noticed. Dates,
 * request ids and the order in which node:http adds its own fields are left out.
 */
import t from 'tap';
import '../support/uws-env.js';
import type { HttpExchange } from '../../src/gateway/exchange.js';
import type { CreateFront } from '../../src/http/front.js';
import { createNodeFront } from '../../src/http/node-front.js';
import { loadUwsFront } from '../../src/http/uws-front.js';
import { RawClient } from '../support/raw-client.js';
import { uwsSkip } from '../support/uws-skip.js';

const answers: Record<string, (exchange: HttpExchange) => void> = {
  '/whole': (exchange) => {
    exchange.reply({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' });
  },
  '/accepted': (exchange) => {
    exchange.reply({ status: 202, headers: {} });
  },
  '/bare': (exchange) => {
    exchange.reply({ status: 204, headers: { allow: 'GET' } });
  },
  '/stream': (exchange) => {
    const stream = exchange.openStream(200, { 'content-type': 'text/event-stream' });
    stream.write('data: 1\n\n');
    stream.write('data: 2\n\n');
    stream.end();
  },
};

async function bytesOf(createFront: CreateFront, request: string): Promise<string[]> {
  const front = createFront(
    {
      host: '127.0.0.1',
      port: 0,
      maxHeaderBytes: 16_384,
      bodyTimeoutMs: 1_000,
      chunkedRequests: true,
      maxConnections: 10,
      streamStallTimeoutMs: 1_000,
      streamBufferBytes: 1_000,
      trustProxy: [],
      allowedHosts: [],
      allowedOrigins: [],
    },
    (exchange) => answers[exchange.path]?.(exchange),
  );
  const client = await RawClient.connect(await front.listen());
  client.send(`${request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await client.ended();
  front.close();
  const [head = '', ...body] = client.received.split('\r\n\r\n');
  const [status = '', ...fields] = head.split('\r\n');
  const kept = fields.filter((field) => !/^(date|x-request-id):/i.test(field));
  const shown = body.join('\r\n\r\n').replace(/"requestId":"[^"]*"/, '"requestId":""');
  return [status, ...kept.sort(), shown];
}

const uws = await loadUwsFront();
const fronts: [string, CreateFront][] = [['node', createNodeFront]];
if (typeof uws === 'function') fronts.push(['uws', uws]);
else {
  t.test('the uws front writes its bytes', { skip: uwsSkip }, async (t) => {
    t.fail(uws.reason);
  });
}

for (const [name, createFront] of fronts) {
  t.test(`the ${name} front writes these bytes`, async (t) => {
    // uWebSockets.js does not repeat what the client said itself.
    const close = name === 'node' ? ['Connection: close'] : [];
    t.same(await bytesOf(createFront, 'GET /whole'), [
      'HTTP/1.1 200 OK',
      ...close,
      'Content-Length: 2',
      'content-type: application/json',
      '{}',
    ]);
    t.same(await bytesOf(createFront, 'GET /accepted'), [
      'HTTP/1.1 202 Accepted',
      ...close,
      'Content-Length: 0',
      '',
    ]);
    t.same(await bytesOf(createFront, 'HEAD /whole'), [
      'HTTP/1.1 200 OK',
      ...close,
      'Content-Length: 2',
      'content-type: application/json',
      '',
    ]);
    t.same(await bytesOf(createFront, 'OPTIONS /bare'), [
      'HTTP/1.1 204 No Content',
      ...close,
      'allow: GET',
      '',
    ]);
    const stream = await bytesOf(createFront, 'GET /stream');
    t.same(stream.slice(0, -1), [
      'HTTP/1.1 200 OK',
      ...close,
      'Transfer-Encoding: chunked',
      'content-type: text/event-stream',
    ]);
    t.equal(stream.at(-1)?.endsWith('data: 2\n\n\r\n0\r\n\r\n'), true);
    const refused = await bytesOf(createFront, 'PUT /whole');
    t.same(
      refused.filter((field) => !field.startsWith('Content-Length')),
      [
        'HTTP/1.1 405 Method Not Allowed',
        ...close,
        'allow: GET, POST, DELETE, OPTIONS, HEAD',
        'content-type: application/json',
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"This HTTP method is not allowed here.","data":{"reason":"GW_METHOD_NOT_ALLOWED","requestId":""}}}',
      ],
    );
  });
}
