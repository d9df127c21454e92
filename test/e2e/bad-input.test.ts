/**
 * Whatever arrives, it gets one clear error, quickly, and the upstream never hears of it. HTTP that no
 * client would send (RELIABILITY §9: request smuggling and its relatives), JSON that two parsers could
 * read in two ways, tokens that almost pass.
 */
import { randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import t, { type Test } from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { untilIdle } from '../support/gateway-health.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { rawRequest } from '../support/raw-http.js';
import { startGateway } from '../support/start-gateway.js';
import { uwsSkip } from '../support/uws-skip.js';

t.setTimeout(180_000);

/** Every case, against one of the two HTTP fronts. */
async function refusesBadInput(t: Test, front: 'uws' | 'node'): Promise<void> {
  const JWT_SECRET = randomBytes(32).toString('base64url');
  const upstream = await startFakeUpstream({ eras: ['modern'] });
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    env: { JWT_SECRET },
    config: {
      global: { workers: 2, front },
      servers: {
        fake: { url: upstream.url, era: 'modern' },
        other: { url: upstream.url, era: 'modern' },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const url = gateway.endpoint('fake');

  /** The gateway's own probes are no clients' requests. */
  const seenCalls = (): number =>
    upstream.requests.filter(({ body }) => body.includes('tools/call')).length;
  const { message: goodMessage, headers: goodHeaders } = modernCall(1, 'echo', { value: 'good' });
  const goodBody = JSON.stringify(goodMessage);

  /** Header lines of a request that is right but for what a case changes. */
  const lines = (more: readonly string[] = [], without?: RegExp): string[] => [
    ...[
      `Host: localhost:${gateway.port}`,
      `Authorization: Bearer ${key}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      ...Object.entries(goodHeaders).map(([name, value]) => `${name}: ${value}`),
    ].filter((line) => without?.test(line) !== true),
    ...more,
  ];
  const head = (headerLines: readonly string[], requestLine = 'POST /fake/mcp HTTP/1.1'): string =>
    [requestLine, ...headerLines, '', ''].join('\r\n');
  const length = `Content-Length: ${Buffer.byteLength(goodBody)}`;

  await t.test('the request that all cases are made from is served', async (t) => {
    const reply = await rawRequest(gateway.port, head(lines([length])) + goodBody);
    t.equal(reply.status, 200);
    t.equal(seenCalls(), 1);
    upstream.forget();
  });

  /** A second request behind the bad one: who reads the first in another way than we do may run it. */
  const smuggledBody = JSON.stringify(modernCall(2, 'echo', { value: 'smuggled' }).message);
  const smuggled = `${head(lines([`Content-Length: ${Buffer.byteLength(smuggledBody)}`]))}${smuggledBody}`;
  const chunked = `${Buffer.byteLength(goodBody).toString(16)}\r\n${goodBody}\r\n0\r\n\r\n`;

  interface RawCase {
    readonly name: string;
    readonly bytes: string;
    /** Two readers could disagree about where it ends. */
    readonly isAboutFraming?: boolean;
    /** Any of these; 0 = closed without a reply, where uWebSockets.js itself refuses. */
    readonly status: readonly number[];
  }
  const rawCases: readonly RawCase[] = [
    {
      name: 'two different Content-Length',
      isAboutFraming: true,
      bytes: head(lines(['Content-Length: 0', length])) + goodBody,
      // uWebSockets.js 20 takes the first: what follows is no request that it knows.
      status: [400, 505],
    },
    {
      name: 'an empty Content-Length',
      isAboutFraming: true,
      bytes: head(lines(['Content-Length:'])),
      status: [400, 411],
    },
    {
      name: 'a signed Content-Length',
      isAboutFraming: true,
      bytes: head(lines([`Content-Length: +${goodBody.length}`])) + goodBody,
      status: [400],
    },
    {
      name: 'Content-Length beside Transfer-Encoding',
      isAboutFraming: true,
      bytes: head(lines([length, 'Transfer-Encoding: chunked'])) + chunked,
      status: [400],
    },
    {
      name: 'an unknown Transfer-Encoding',
      isAboutFraming: true,
      bytes: head(lines(['Transfer-Encoding: xchunked'])) + chunked,
      status: [400, 501],
    },
    {
      name: 'a chunk size that is no number',
      isAboutFraming: true,
      bytes: `${head(lines(['Transfer-Encoding: chunked']))}g\r\n${goodBody}\r\n0\r\n\r\n`,
      status: [400, 0],
    },
    {
      name: 'neither Content-Length nor Transfer-Encoding',
      isAboutFraming: true,
      bytes: head(lines()),
      status: [411, 400],
    },
    {
      name: 'an empty header name',
      isAboutFraming: true,
      bytes: head([': x', ...lines([length])]) + goodBody,
      status: [400, 411, 401],
    },
    {
      name: 'two Authorization headers',
      bytes: head(lines([length, 'Authorization: Bearer other'])) + goodBody,
      status: [400],
    },
    {
      name: 'two Host headers',
      bytes: head(lines([length, 'Host: localhost'])) + goodBody,
      status: [400],
    },
    {
      name: 'two Mcp-Method headers',
      bytes: head(lines([length, 'Mcp-Method: tools/list'])) + goodBody,
      status: [400],
    },
    { name: 'no Host', bytes: head(lines([length], /^Host/)) + goodBody, status: [400] },
    {
      name: "somebody else's Host",
      bytes: head(['Host: evil.example.com', ...lines([length], /^Host/)]) + goodBody,
      status: [403],
    },
    {
      name: "somebody else's Origin",
      bytes: head(lines([length, 'Origin: http://evil.example.com'])) + goodBody,
      status: [403],
    },
    {
      name: 'a null Origin',
      bytes: head(lines([length, 'Origin: null'])) + goodBody,
      status: [403],
    },
    {
      name: 'headers that never end',
      bytes: head(lines([length, `X-Long: ${'x'.repeat(70_000)}`])) + goodBody,
      status: [431, 400],
    },
    {
      name: 'a body that is announced too long',
      bytes: head(lines(['Content-Length: 5000000'])) + goodBody,
      status: [413],
    },
    {
      name: 'a body of another type',
      bytes: head(lines([length, 'Content-Type: text/plain'], /^Content-Type/)) + goodBody,
      status: [415],
    },
    {
      name: 'a compressed body',
      bytes: head(lines([length, 'Content-Encoding: gzip'])) + goodBody,
      status: [415, 400],
    },
    {
      name: 'a GET with a body',
      isAboutFraming: true,
      bytes: head(lines([length]), 'GET /fake/mcp HTTP/1.1') + goodBody,
      status: [400],
    },
    {
      name: 'a method of another protocol',
      bytes: head(lines([length]), 'PUT /fake/mcp HTTP/1.1') + goodBody,
      status: [405],
    },
    {
      name: 'a server that is not there',
      bytes: head(lines([length]), 'POST /nobody/mcp HTTP/1.1') + goodBody,
      status: [404],
    },
    {
      name: 'a path that climbs',
      bytes: head(lines([length]), 'POST /fake/../other/mcp HTTP/1.1') + goodBody,
      status: [404, 400],
    },
  ];

  /** uWebSockets.js waits for more of a head that it cannot read, and closes when nothing comes. */
  const unreadable: readonly RawCase[] = [
    {
      name: 'white space before the colon',
      bytes: head(lines([`Content-Length : ${goodBody.length}`])) + goodBody,
      status: [400, 0],
    },
    {
      name: 'a folded header line',
      bytes: head(lines([length, 'X-Note: a', ' b'])) + goodBody,
      status: [400, 0],
    },
    {
      name: 'an underscore in a header name',
      bytes: head(lines([length, 'content_length: 3'])) + goodBody,
      status: [400, 0],
    },
  ];

  await t.test(
    'a head that the HTTP parser cannot read is refused, or ends with its connection',
    async (t) => {
      upstream.forget();
      const replies = await Promise.all(
        unreadable.map(({ bytes }) => rawRequest(gateway.port, bytes)),
      );
      for (const [i, { name, status }] of unreadable.entries()) {
        t.ok(status.includes(replies[i]?.status ?? -1), `${name}: ${replies[i]?.status}`);
      }
      t.equal(seenCalls(), 0, 'the upstream saw nothing');
    },
  );

  for (const { name, bytes, status, isAboutFraming = false } of rawCases) {
    await t.test(`${name} is refused`, async (t) => {
      upstream.forget();
      const reply = await rawRequest(gateway.port, bytes);
      t.ok(status.includes(reply.status), `${reply.status} of ${status.join(', ')}`);
      t.equal(seenCalls(), 0, 'the upstream saw nothing');
    });

    if (!isAboutFraming) continue;
    await t.test(`${name} carries no second request in`, async (t) => {
      upstream.forget();
      const reply = await rawRequest(gateway.port, bytes + smuggled);
      t.ok([...status, 0].includes(reply.status), `${reply.status}`);
      t.equal(seenCalls(), 0, 'the upstream saw nothing');
    });
  }

  interface JsonCase {
    readonly name: string;
    readonly body: string | Buffer;
    readonly code: readonly number[];
    /** What the error names; default: nothing to be expected of it. */
    readonly id?: string | number | null;
    readonly status?: number;
  }
  /** The good message with its text changed. */
  const changed = (from: string | RegExp, to: string): string => {
    const body = goodBody.replace(from, to);
    if (body === goodBody) throw new Error(`nothing to replace: ${String(from)}`);
    return body;
  };
  const withId = (id: string): string => changed('"id":1', `"id":${id}`);
  const withValue = (value: string): string => changed('"value":"good"', `"value":${value}`);
  const META = 'io.modelcontextprotocol';
  const jsonCases: readonly JsonCase[] = [
    { name: 'no body', body: '', code: [-32700, -32600] },
    { name: 'half a body', body: goodBody.slice(0, -9), code: [-32700] },
    { name: 'text after the body', body: `${goodBody} x`, code: [-32700] },
    {
      name: 'bytes that are no UTF-8',
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22]),
      code: [-32700],
    },
    { name: 'a body that is null', body: 'null', code: [-32600] },
    { name: 'a body that is a string', body: '"tools/call"', code: [-32600] },
    { name: 'an empty batch', body: '[]', code: [-32600] },
    { name: 'a batch', body: `[${goodBody}]`, code: [-32600] },
    { name: 'no jsonrpc member', body: changed('"jsonrpc":"2.0",', ''), code: [-32600] },
    { name: 'jsonrpc 1.0', body: changed('"2.0"', '"1.0"'), code: [-32600] },
    { name: 'no method and no result', body: '{"jsonrpc":"2.0","id":1}', code: [-32600] },
    { name: 'id null', body: withId('null'), code: [-32600] },
    { name: 'a fractional id', body: withId('1.5'), code: [-32600] },
    { name: 'an id that is an object', body: withId('{}'), code: [-32600] },
    { name: 'an id beyond 2^53', body: withId('9007199254740993'), code: [-32600] },
    { name: 'an endless id', body: withId(`"${'x'.repeat(300)}"`), code: [-32600] },
    {
      name: 'nesting without end',
      body: withValue('['.repeat(200) + ']'.repeat(200)),
      code: [-32600, -32700],
    },
    {
      name: 'more values than anyone needs',
      body: withValue(`[${'0,'.repeat(150_000)}0]`),
      code: [-32600, -32700],
    },
    {
      name: 'method twice',
      body: changed('"params"', '"method":"tools/list","params"'),
      code: [-32600, -32700],
    },
    {
      name: 'method in another case too',
      body: changed('"params"', '"Method":"tools/list","params"'),
      code: [-32600, -32700],
    },
    {
      name: 'method spelt with an escape',
      body: changed('"method"', '"meth\\u006fd"'),
      code: [-32600, -32700],
    },
    {
      name: 'name twice',
      body: changed('"arguments"', '"name":"rm","arguments"'),
      code: [-32600, -32602, -32700],
    },
    {
      name: 'a method that was removed',
      body: changed('"method":"tools/call"', '"method":"ping"'),
      code: [-32020, -32601],
      id: 1,
    },
    {
      name: 'another method than its header says',
      body: changed('"method":"tools/call"', '"method":"tools/list"'),
      code: [-32020],
      id: 1,
    },
    {
      name: 'another tool than its header says',
      body: changed('"name":"echo"', '"name":"rm"'),
      code: [-32020],
      id: 1,
    },
    {
      name: 'another revision than its header says',
      body: changed('"2026-07-28"', '"2027-01-01"'),
      code: [-32020, -32022],
      id: 1,
    },
    {
      name: 'no client capabilities',
      body: changed(`,"${META}/clientCapabilities":{}`, ''),
      code: [-32602],
      id: 1,
    },
    {
      name: 'no revision in _meta',
      body: changed(`"${META}/protocolVersion":"2026-07-28",`, ''),
      code: [-32602],
      id: 1,
    },
  ];

  for (const { name, body, code, id, status = 400 } of jsonCases) {
    await t.test(`${name} is refused with a JSON-RPC error`, async (t) => {
      upstream.forget();
      const bytes = Buffer.from(body);
      const headers = head(lines([`Content-Length: ${bytes.length}`]));
      const reply = await rawRequest(gateway.port, Buffer.concat([Buffer.from(headers), bytes]));
      const error = JSON.parse(reply.body) as { id?: unknown; error?: { code?: number } };
      t.ok(code.includes(error.error?.code ?? 0), reply.body);
      t.ok([status, 404].includes(reply.status), `${reply.status}`);
      if (id !== undefined) t.equal(error.id, id, 'it names the request');
      t.equal(seenCalls(), 0, 'the upstream saw nothing');
    });
  }

  await t.test('a body over the limit is refused however it is sent', async (t) => {
    upstream.forget();
    const big = 'x'.repeat(70_000);
    const chunk = `${big.length.toString(16)}\r\n${big}\r\n`;
    const bytes = head(lines(['Transfer-Encoding: chunked'])) + chunk.repeat(30);
    t.equal((await rawRequest(gateway.port, bytes)).status, 413);
    t.equal(seenCalls(), 0);
  });

  await t.test('a token that almost passes is refused', async (t) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: 'ana', iat: now, exp: now + 600 };
    const sign = (payload: object, secret = JWT_SECRET, options: jwt.SignOptions = {}): string =>
      jwt.sign(payload, secret, options);
    const unsigned = (alg: string): string =>
      `${[{ alg, typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
    const good = sign(claims);
    const [goodHead = '', goodClaims = '', goodSignature = ''] = good.split('.');
    const admin = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
    const revoked = await gateway.makeKey('ben');
    const [id = ''] = /(?<=^mmcp_)[^_]+/.exec(revoked) ?? [];
    t.equal((await gateway.cli(['keys', 'revoke', id])).code, 0);

    const served = await rpc({ url, key: good, ...modernCall(1, 'echo', { value: 1 }) });
    t.equal(served.status, 200, `a good token passes: ${served.text}`);

    const tokens: Readonly<Record<string, string | undefined>> = {
      'no token': undefined,
      'an empty token': '',
      'no token at all': 'hello',
      'a key cut short': key.slice(0, -1),
      'a key with one other character': key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A'),
      'a key nobody made': `mmcp_${'a'.repeat(12)}_${'b'.repeat(43)}`,
      'a revoked key': revoked,
      'another secret': sign(claims, randomBytes(32).toString('base64url')),
      'other claims under a good signature': [goodHead, admin, goodSignature].join('.'),
      'no signature': `${goodHead}.${goodClaims}.`,
      'algorithm none': unsigned('none'),
      'algorithm nOnE': unsigned('nOnE'),
      'another algorithm': sign(claims, JWT_SECRET, { algorithm: 'HS512' }),
      'an expired token': sign({ ...claims, iat: now - 900, exp: now - 300 }),
      'a token that never expires': sign({ sub: 'ana' }),
      'a token that lives too long': sign({ ...claims, exp: now + 40 * 86_400 }),
      'a token of nobody': sign({ iat: now, exp: now + 600 }),
      'a token from the future': sign({ ...claims, nbf: now + 500 }),
      'a token longer than any': sign({ ...claims, pad: 'x'.repeat(9000) }),
    };
    for (const [name, token] of Object.entries(tokens)) {
      upstream.forget();
      const reply = await rpc({
        url,
        ...(token === undefined ? {} : { key: token }),
        ...modernCall(1, 'echo', { value: name }),
      });
      t.equal(reply.status, 401, `${name}: ${reply.text}`);
      t.match(reply.headers['www-authenticate'], /^Bearer/, `${name}: it says what is asked for`);
      t.type(reply.message?.error?.message, 'string');
      t.equal(seenCalls(), 0, `${name}: the upstream saw nothing`);
    }

    upstream.forget();
    for (const place of [`?key=${key}`, `?access_token=${key}`]) {
      const reply = await rpc({ url: url + place, ...modernCall(1, 'echo', {}) });
      t.equal(reply.status, 401, 'a key in the address is no key');
    }
    const limited = await gateway.makeKey('carl', { servers: ['other'] });
    const refused = await rpc({ url, key: limited, ...modernCall(1, 'echo', {}) });
    t.ok([403, 404].includes(refused.status), `a key of another server: ${refused.status}`);
    t.equal(seenCalls(), 0);
    const allowed = { url: gateway.endpoint('other'), key: limited };
    t.equal((await rpc({ ...allowed, ...modernCall(1, 'echo', { value: 1 }) })).status, 200);
  });

  await t.test('afterwards it serves as before, with nothing in flight', async (t) => {
    await untilIdle(gateway);
    const reply = await rpc({ url, key, ...modernCall('last', 'echo', { value: 'still here' }) });
    t.equal(reply.message?.result?.content?.[0]?.text, '"still here"');
    t.equal(reply.message?.id, 'last');
    const { workers } = (await gateway.json('/health')) as { workers: { restarts: number }[] };
    t.ok(
      workers.every(({ restarts }) => restarts === 0),
      'no worker died of it',
    );
  });
}

for (const front of ['uws', 'node'] as const) {
  t.test(`the ${front} front`, { skip: front === 'uws' && uwsSkip }, (t) =>
    refusesBadInput(t, front),
  );
}
