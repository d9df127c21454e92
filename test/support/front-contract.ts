/**
 * What src/http/front.ts promises, as one suite on raw sockets that runs against both fronts.
 * Where the socket libraries differ (docs/fronts.md), a row names what each of them does; nothing
 * may differ in how many requests run, and none may run that was not asked for.
 */
import type { Test } from 'tap';
import type { ExchangeHandler, HttpExchange, ReplyStream } from '../../src/gateway/exchange.js';
import type { CreateFront, Front, FrontOptions } from '../../src/http/front.js';
import { asGatewayError } from '../../src/kernel/errors.js';
import { framingRows, oddRows, type RawRow } from './front-rows.js';
import { RawClient, type RawReply } from './raw-client.js';
import { until } from './until.js';

const MAX_BODY_BYTES = 1_000;
const EVENT_STREAM = { 'content-type': 'text/event-stream' };

export const frontDefaults: FrontOptions = {
  host: '127.0.0.1',
  port: 0,
  maxHeaderBytes: 16_384,
  bodyTimeoutMs: 400,
  chunkedRequests: true,
  maxConnections: 1_000,
  streamStallTimeoutMs: 400,
  streamBufferBytes: 100_000,
  trustProxy: [],
  allowedHosts: [],
  allowedOrigins: [],
};

export function get(path: string, ...headers: string[]): string {
  return request('GET', path, headers);
}

export function post(path: string, body: string, ...headers: string[]): string {
  return request('POST', path, [`Content-Length: ${body.length}`, ...headers]) + body;
}

function request(method: string, path: string, headers: readonly string[]): string {
  const lines = ['Host: localhost', ...headers].map((line) => `${line}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const SECOND = get('/second');

interface Running {
  readonly front: Front;
  readonly port: number;
  /** Every request that reached the handler, in order. */
  readonly exchanges: HttpExchange[];
  readonly errors: unknown[];
  paths(): string[];
  open(): Promise<RawClient>;
  /** Sends on a connection of its own and resolves with the one reply. */
  ask(bytes: string): Promise<RawReply>;
}

/** Reads the body and answers 200 with it, or with the error's status. */
async function echo(exchange: HttpExchange): Promise<void> {
  try {
    const body = await exchange.readBody(MAX_BODY_BYTES);
    exchange.reply({ status: 200, headers: { 'content-type': 'text/plain' }, body });
  } catch (error) {
    const { row, code } = asGatewayError(error);
    exchange.reply({ status: row.http, headers: {}, body: code });
  }
}

async function start(
  t: Test,
  createFront: CreateFront,
  handler: ExchangeHandler = echo,
  options: Partial<FrontOptions> = {},
): Promise<Running> {
  const exchanges: HttpExchange[] = [];
  const errors: unknown[] = [];
  const front = createFront(
    { ...frontDefaults, onHandlerError: (thrown) => errors.push(thrown), ...options },
    (exchange) => {
      exchanges.push(exchange);
      return handler(exchange);
    },
  );
  const port = await front.listen();
  const clients: RawClient[] = [];
  const open = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    clients.push(client);
    return client;
  };
  t.teardown(() => {
    for (const client of clients) client.destroy();
    front.close();
  });
  return {
    front,
    port,
    exchanges,
    errors,
    open,
    paths: () => exchanges.map(({ path }) => path),
    ask: async (bytes) => {
      const client = await open();
      client.send(bytes);
      const reply = await client.reply();
      client.destroy();
      return reply;
    },
  };
}

const soon = (what: string) => ({ timeoutMs: 5_000, everyMs: 2, what });

function untilIdle({ front }: Running): Promise<unknown> {
  return until(() => front.stats().inFlight === 0, soon('nothing in flight'));
}

function reasonOf(reply: RawReply): unknown {
  const answer = JSON.parse(reply.body) as { error: { data: { reason: unknown } } };
  return answer.error.data.reason;
}

export function frontContract(t: Test, createFront: CreateFront, name: Front['name']): void {
  const launch = (
    child: Test,
    handler?: ExchangeHandler,
    options?: Partial<FrontOptions>,
  ): Promise<Running> => start(child, createFront, handler, options);

  framing(t, name, launch);
  gate(t, name, launch);
  replies(t, launch);
  bodies(t, launch);
  clientsThatLeave(t, launch);
  brokenHandlers(t, launch);
  streams(t, launch);
  connections(t, launch);
}

type Launch = (
  t: Test,
  handler?: ExchangeHandler,
  options?: Partial<FrontOptions>,
) => Promise<Running>;

function framing(t: Test, name: Front['name'], launch: Launch): void {
  const answers = async (running: Running, row: RawRow, bytes: string): Promise<string> => {
    const client = await running.open();
    client.send(bytes);
    if (row[name] !== 'waits') {
      if (row.staysOpen === true) return String((await client.reply()).status);
      return (await client.repliesUntilClosed()).map(({ status }) => status).join(' ');
    }
    // Nothing tells that nothing will come: another connection's round trip stands for time.
    await running.ask(get('/after'));
    await running.ask(get('/after'));
    const state = client.isClosed || client.received !== '' ? client.received : 'waits';
    client.destroy();
    return state;
  };

  t.test('framing that can be read two ways gets one answer or none', async (t) => {
    const running = await launch(t);
    for (const row of [...framingRows, ...oddRows]) {
      running.exchanges.length = 0;
      t.equal(await answers(running, row, row.bytes), row[name], row.name);
      const ran = running.paths().filter((path) => path !== '/after');
      t.ok(ran.length <= 1, `${row.name}: ran ${ran.join(' ')}`);
    }
    await untilIdle(running);
  });

  t.test('a request hidden behind ambiguous framing never runs', async (t) => {
    const running = await launch(t);
    for (const row of framingRows) {
      running.exchanges.length = 0;
      const client = await running.open();
      client.send(row.bytes + SECOND);
      if (row[name] === 'waits') await running.ask(get('/after'));
      else await client.ended();
      await running.ask(get('/after'));
      client.destroy();
      t.notOk(running.paths().includes('/second'), row.name);
    }
    await untilIdle(running);
  });

  t.test('nothing runs after a refused request, in the same packet or the next', async (t) => {
    const running = await launch(t);
    const refused = get('/first', 'Origin: http://evil.example');
    const together = await running.open();
    together.send(refused + SECOND);
    await together.ended();
    const apart = await running.open();
    apart.send(refused);
    t.equal((await apart.reply()).status, 403);
    apart.send(SECOND);
    await apart.ended();
    t.equal(apart.received, '');
    t.same(running.paths(), []);
    t.equal(running.front.stats().refusedRequests, 2);
  });

  t.test('a chunked request is served and is the last on its connection', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    client.send(request('POST', '/first', ['Transfer-Encoding: chunked']));
    client.send('5\r\nhello\r\n');
    client.send('6\r\n world\r\n0\r\n\r\n');
    const reply = await client.reply();
    t.match({ ...reply, close: reply.headers.get('connection') }, { status: 200, close: 'close' });
    t.equal(reply.body, 'hello world');
    await client.ended();
  });

  t.test('chunked requests can be switched off', async (t) => {
    const running = await launch(t, echo, { chunkedRequests: false });
    const client = await running.open();
    client.send(`${request('POST', '/first', ['Transfer-Encoding: chunked'])}0\r\n\r\n`);
    t.equal((await client.reply()).status, 411);
    await client.ended();
    t.same(running.paths(), []);
  });
}

function gate(t: Test, name: Front['name'], launch: Launch): void {
  t.test('a refusal is a JSON-RPC error that closes its connection', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    client.send(get('/first', 'Origin: null'));
    const reply = await client.reply();
    t.equal(reply.status, 403);
    t.equal(reply.reason, 'Forbidden');
    t.equal(reply.headers.get('content-type'), 'application/json');
    t.equal(reply.headers.get('connection'), 'close');
    const answer: unknown = JSON.parse(reply.body);
    const requestId = reply.headers.get('x-request-id');
    t.match(answer, {
      jsonrpc: '2.0',
      id: null,
      error: { code: -32000, message: String, data: { reason: 'GW_HOST_REFUSED', requestId } },
    });
    await client.ended();
    t.equal(running.front.stats().refusedRequests, 1);
    t.equal(running.front.stats().inFlight, 0);
  });

  t.test('Host and Origin are checked on a loopback bind', async (t) => {
    const running = await launch(t);
    const ask = (host: string, ...rest: string[]): string =>
      `GET / HTTP/1.1\r\nHost: ${host}\r\n${rest.map((line) => `${line}\r\n`).join('')}\r\n`;
    const verdicts: Record<string, number> = {};
    for (const host of [
      'localhost',
      '127.0.0.1:9',
      '[::1]:80',
      'evil.example',
      '127.0.0.1.evil.example',
    ]) {
      verdicts[host] = (await running.ask(ask(host))).status;
    }
    for (const origin of ['http://localhost:3000', 'http://evil.example', 'null']) {
      verdicts[origin] = (await running.ask(ask('localhost', `Origin: ${origin}`))).status;
    }
    t.same(verdicts, {
      localhost: 200,
      '127.0.0.1:9': 200,
      '[::1]:80': 200,
      'evil.example': 403,
      '127.0.0.1.evil.example': 403,
      'http://localhost:3000': 200,
      'http://evil.example': 403,
      null: 403,
    });
  });

  t.test('other methods are answered 405 with the list of ours', async (t) => {
    const running = await launch(t);
    for (const method of ['PUT', 'PATCH', 'TRACE']) {
      const reply = await running.ask(request(method, '/first', ['Content-Length: 0']));
      t.equal(reply.status, 405, method);
      t.equal(reply.headers.get('allow'), 'GET, POST, DELETE, OPTIONS, HEAD', method);
      t.equal(reasonOf(reply), 'GW_METHOD_NOT_ALLOWED', method);
    }
    t.same(running.paths(), []);
  });

  t.test('an encoded body is refused', async (t) => {
    const running = await launch(t);
    const reply = await running.ask(post('/first', 'x', 'Content-Encoding: gzip'));
    t.equal(reply.status, 415);
    t.equal(reasonOf(reply), 'GW_MEDIA_TYPE');
  });

  t.test('heads up to the limit are served and larger ones are answered 431', async (t) => {
    const running = await launch(t);
    const head = (bytes: number): string => get('/first', `X-Filler: ${'x'.repeat(bytes)}`);
    t.equal((await running.ask(head(15_000))).status, 200);
    for (const bytes of [16_500, 40_000]) {
      const client = await running.open();
      client.send(head(bytes));
      t.equal((await client.reply()).status, 431, `${bytes} bytes`);
      await client.ended();
    }
    const many = Array.from({ length: 97 }, (_, index) => `x-${index}: y`);
    const client = await running.open();
    client.send(get('/first', ...many));
    // Over its own count of lines, uWebSockets.js waits for a head that it takes for incomplete.
    if (name === 'node') t.equal((await client.reply()).status, 431);
    t.equal((await running.ask(get('/after'))).status, 200);
    t.same(running.paths(), ['/first', '/after']);
  });

  t.test(
    'credentials and repeated decision headers are refused before anything reads them',
    async (t) => {
      const running = await launch(t);
      const heads: [string[], number][] = [
        [['Authorization: Bearer abc'], 200],
        [['Authorization: Bearer a', 'Authorization: Bearer b'], 400],
        [['Authorization: Bearer a\xffb'], 400],
        [['X-Api-Key: a', 'X-Api-Key: a'], 400],
        [['Mcp-Session-Id: a', 'Mcp-Session-Id: b'], 400],
        [['Mcp-Param-X: a', 'Mcp-Param-X: b'], 400],
        [['Accept: a', 'Accept: b'], 200],
      ];
      for (const [lines, status] of heads) {
        t.equal((await running.ask(get('/first', ...lines))).status, status, lines.join(' | '));
      }
      const { exchanges } = running;
      t.equal(exchanges.at(-1)?.header('accept'), 'a, b');
    },
  );

  t.test('a trusted proxy names the client, anyone else is not believed', async (t) => {
    const forwarded = ['X-Forwarded-For: 203.0.113.7, 10.0.0.1', 'X-Forwarded-Proto: https'];
    const strict = await launch(t);
    await strict.ask(get('/', ...forwarded));
    const [spoofed] = strict.exchanges;
    t.equal(spoofed?.clientAddress, '127.0.0.1');
    t.equal(spoofed?.isLoopback, false, 'something forwarded it, so it is not local');
    t.equal(spoofed?.header('x-forwarded-for'), undefined);
    t.equal(spoofed?.header('host'), 'localhost');

    const trusting = await launch(t, echo, { trustProxy: ['127.0.0.0/8', '10.0.0.0/8'] });
    await trusting.ask(get('/', ...forwarded));
    const [behind] = trusting.exchanges;
    t.equal(behind?.clientAddress, '203.0.113.7');
    t.equal(behind?.isLoopback, false);
    t.equal(behind?.header('x-forwarded-proto'), 'https');

    await strict.ask(get('/'));
    t.equal(strict.exchanges.at(-1)?.isLoopback, true);
  });
}

function replies(t: Test, launch: Launch): void {
  const answering =
    (reply: Parameters<HttpExchange['reply']>[0]): ExchangeHandler =>
    (exchange) => {
      exchange.reply(reply);
    };

  t.test('a whole reply tells its length and keeps the connection', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    for (const body of ['one', 'two']) {
      client.send(post('/echo', body, 'X-Twice: yes'));
      const reply = await client.reply();
      t.equal(reply.head.split('\r\n')[0], 'HTTP/1.1 200 OK');
      t.equal(reply.headers.get('content-length'), '3');
      t.equal(reply.headers.get('connection') ?? 'keep-alive', 'keep-alive');
      t.equal(reply.headers.get('uwebsockets'), undefined);
      t.ok(reply.headers.get('date'));
      t.equal(reply.body, body);
    }
  });

  t.test('everything of the request is still there after an await', async (t) => {
    const running = await launch(t, async (exchange) => {
      const body = await exchange.readBody(MAX_BODY_BYTES);
      await new Promise((resolve) => setImmediate(resolve));
      const seen: string[] = [];
      exchange.eachHeader((name, value) => seen.push(`${name}=${value}`));
      const { method, path, query } = exchange;
      const facts = { method, path, query, seen, body: body.toString() };
      exchange.reply({ status: 200, headers: {}, body: JSON.stringify(facts) });
    });
    const reply = await running.ask(post('/a/../b%20c?x=%00&y', 'body', 'X-Odd: a  b'));
    t.same(JSON.parse(reply.body), {
      method: 'POST',
      path: '/a/../b%20c',
      query: 'x=%00&y',
      seen: ['host=localhost', 'content-length=4', 'x-odd=a  b'],
      body: 'body',
    });
  });

  t.test('a value beyond ASCII is read as UTF-8', async (t) => {
    const running = await launch(t);
    // ASCII at both ends: uWebSockets.js takes other bytes there for white space.
    const sent = Buffer.from('User-Agent: Agent Žofie 🦊 2.0').toString('latin1');
    await running.ask(get('/', sent));
    t.equal(running.exchanges.at(-1)?.header('user-agent'), 'Agent Žofie 🦊 2.0');
  });

  t.test('a reply without a body says so', async (t) => {
    const accepted = await launch(t, answering({ status: 202, headers: {} }));
    const client = await accepted.open();
    client.send(post('/', ''));
    const reply = await client.reply();
    t.equal(reply.head.split('\r\n')[0], 'HTTP/1.1 202 Accepted');
    t.equal(reply.headers.get('content-length'), '0');
    t.equal(reply.headers.get('transfer-encoding'), undefined);
    client.send(SECOND);
    t.equal((await client.reply()).status, 202);

    for (const status of [204, 304]) {
      const bare = await launch(t, answering({ status, headers: { etag: '"x"' } }));
      const once = await bare.open();
      once.send(request('OPTIONS', '/', []));
      const empty = await once.reply();
      t.equal(empty.status, status);
      t.equal(empty.headers.get('content-length'), undefined);
      t.equal(empty.headers.get('transfer-encoding'), undefined);
      once.send(SECOND);
      t.equal((await once.reply()).status, status, 'the connection goes on');
    }
  });

  t.test('HEAD gets the head of the reply and never its body', async (t) => {
    const running = await launch(t, answering({ status: 200, headers: { a: 'b' }, body: 'hello' }));
    const client = await running.open();
    client.send(request('HEAD', '/', []));
    const head = await client.reply({ isHead: true });
    t.equal(head.headers.get('content-length'), '5');
    t.equal(head.headers.get('a'), 'b');
    client.send(get('/'));
    t.equal((await client.reply()).body, 'hello', 'the next reply starts where the head ended');

    const refused = await running.open();
    refused.send(request('HEAD', '/', ['Origin: null']));
    t.equal((await refused.reply({ isHead: true })).status, 403);
    await refused.ended();
    t.equal(refused.received, '');

    const streaming = await launch(t, (exchange) => {
      exchange.openStream(200, EVENT_STREAM).write('data: x\n\n');
    });
    const listening = await streaming.open();
    listening.send(request('HEAD', '/', []));
    t.equal((await listening.reply({ isHead: true })).status, 200);
    await untilIdle(streaming);
    t.equal(listening.received, '');
  });

  t.test('text is sent as UTF-8, header values as latin-1', async (t) => {
    const running = await launch(
      t,
      answering({ status: 200, headers: { 'x-e': '\u00e9' }, body: '\u20ac' }),
    );
    const reply = await running.ask(get('/'));
    t.equal(reply.headers.get('x-e'), '\xe9');
    t.equal(Buffer.from(reply.body, 'latin1').toString(), '\u20ac');
    t.equal(reply.headers.get('content-length'), '3');
  });

  t.test('a body far larger than the socket takes arrives whole', async (t) => {
    const body = Buffer.alloc(6_000_000, 'abcdefghij');
    const running = await launch(t, answering({ status: 200, headers: {}, body }));
    const client = await running.open();
    client.pause();
    client.send(get('/'));
    await until(() => running.exchanges.length > 0, soon('the request'));
    t.equal(running.front.stats().inFlight, 1, 'in flight until the client took it');
    client.resume();
    const reply = await client.reply();
    t.equal(reply.body.length, body.length);
    t.ok(reply.body.endsWith('abcdefghij'));
    client.send(get('/'));
    t.equal((await client.reply()).body.length, body.length, 'and the connection goes on');
    await untilIdle(running);
  });

  t.test('what would split or forge a reply is not sent', async (t) => {
    const bad: Readonly<Record<string, string>>[] = [
      { 'x-a': 'a\r\nSet-Cookie: b' },
      { 'x-a': 'a\nb' },
      { 'x-a': 'a\0b' },
      { 'x-a': '\u20ac' },
      { 'x\r\na': 'b' },
      { 'x a': 'b' },
      { '': 'b' },
    ];
    for (const headers of bad) {
      const running = await launch(t, answering({ status: 200, headers, body: 'secret' }));
      const reply = await running.ask(get('/'));
      t.equal(reply.status, 500, JSON.stringify(headers));
      t.equal(reasonOf(reply), 'GW_INTERNAL');
      t.equal(running.front.stats().failedHandlers, 1);
    }
    for (const status of [100, 199, 600, 200.5, Number.NaN]) {
      const running = await launch(t, answering({ status, headers: {} }));
      t.equal((await running.ask(get('/'))).status, 500, `status ${status}`);
    }
    const streaming = await launch(t, (exchange) => {
      const stream = exchange.openStream(200, { 'x-a': 'a\r\nb' });
      t.equal(stream.write('never'), true);
      stream.onDrain(() => undefined);
      stream.end();
    });
    t.equal((await streaming.ask(get('/'))).status, 500);
  });

  t.test('framing headers of the caller are left out', async (t) => {
    const headers = {
      'Content-Length': '999',
      'transfer-encoding': 'x',
      connection: 'upgrade',
      b: 'c',
    };
    const running = await launch(t, answering({ status: 200, headers, body: 'hello' }));
    const reply = await running.ask(get('/'));
    t.equal(reply.headers.get('content-length'), '5');
    t.equal(reply.headers.get('transfer-encoding'), undefined);
    t.not(reply.headers.get('connection'), 'upgrade');
    t.equal(reply.headers.get('b'), 'c');
  });

  t.test('only the first reply counts', async (t) => {
    const running = await launch(t, (exchange) => {
      exchange.reply({ status: 200, headers: {}, body: 'first' });
      exchange.reply({ status: 500, headers: {}, body: 'second' });
      exchange.openStream(200, EVENT_STREAM).write('third');
    });
    const client = await running.open();
    client.send(get('/'));
    t.equal((await client.reply()).body, 'first');
    client.send(get('/'));
    t.equal((await client.reply()).body, 'first');
    t.equal(client.received, '');
    t.equal(running.front.stats().inFlight, 0);
  });

  t.test('synchronous answers to pipelined requests come in order', async (t) => {
    const running = await launch(t, (exchange) => {
      exchange.reply({ status: 200, headers: {}, body: exchange.path });
    });
    const client = await running.open();
    client.send(get('/1') + get('/2') + get('/3'));
    const bodies = [await client.reply(), await client.reply(), await client.reply()];
    t.same(
      bodies.map(({ body }) => body),
      ['/1', '/2', '/3'],
    );
  });
}

function bodies(t: Test, launch: Launch): void {
  t.test('a body arrives whole however it is cut', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    const body = 'abcdefghij'.repeat(50);
    client.send(post('/', body).slice(0, -body.length));
    for (let at = 0; at < body.length; at += 100) {
      client.send(body.slice(at, at + 100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.equal((await client.reply()).body, body);
    client.send(post('/', ''));
    t.equal((await client.reply()).body, '', 'an empty body is a body');
    client.send(get('/'));
    t.equal((await client.reply()).body, '', 'and GET has an empty one');
  });

  t.test('an announced length over the limit is refused before it is sent', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    client.send(request('POST', '/', [`Content-Length: ${MAX_BODY_BYTES + 1}`]));
    const reply = await client.reply();
    t.equal(reply.status, 413);
    t.equal(reply.body, 'GW_BODY_TOO_LARGE');
    t.equal(reply.headers.get('connection'), 'close');
    await client.ended();
    t.equal((await running.ask(post('/', 'x'.repeat(MAX_BODY_BYTES)))).status, 200);
  });

  t.test('a chunked body over the limit is refused as it grows', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    client.send(request('POST', '/', ['Transfer-Encoding: chunked']));
    client.send(`3e8\r\n${'x'.repeat(1000)}\r\n`);
    client.send('1\r\ny\r\n');
    t.equal((await client.reply()).status, 413);
    await client.ended();
  });

  t.test('a body that does not come in time is answered 408', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    const sentAtMs = performance.now();
    client.send(request('POST', '/', ['Content-Length: 10']));
    client.send('12345');
    const reply = await client.reply();
    t.equal(reply.status, 408);
    t.equal(reply.body, 'GW_BODY_TIMEOUT');
    t.ok(performance.now() - sentAtMs >= 395, 'not before its deadline');
    await client.ended();
    await untilIdle(running);
  });

  t.test('a body that nobody reads and nobody answers does not hold its connection', async (t) => {
    let aborts = 0;
    const running = await launch(t, (exchange) => {
      exchange.onAbort(() => {
        aborts += 1;
      });
    });
    const client = await running.open();
    client.send(request('POST', '/', ['Content-Length: 10']));
    await client.ended();
    await untilIdle(running);
    t.equal(aborts, 1);
    t.equal(running.exchanges[0]?.isAborted, true);
  });

  t.test('an answer before the body has come is the last on its connection', async (t) => {
    const running = await launch(t, (exchange) => {
      exchange.reply({ status: 401, headers: {}, body: 'no' });
    });
    const client = await running.open();
    client.send(request('POST', '/', ['Content-Length: 40']));
    const reply = await client.reply();
    t.equal(reply.status, 401);
    t.equal(reply.headers.get('connection'), 'close');
    client.send(SECOND);
    await client.ended();
    t.same(running.paths(), ['/']);
    await untilIdle(running);
  });

  t.test('a body that came before an unread answer keeps the connection', async (t) => {
    const running = await launch(t, (exchange) => {
      setImmediate(() => {
        exchange.reply({ status: 401, headers: {} });
      });
    });
    const client = await running.open();
    client.send(post('/', 'hello'));
    t.equal((await client.reply()).status, 401);
    client.send(post('/', 'hello'));
    t.equal((await client.reply()).status, 401);
  });

  t.test('a client that expects 100-continue gets it', async (t) => {
    const running = await launch(t);
    const client = await running.open();
    client.send(request('POST', '/', ['Expect: 100-continue', 'Content-Length: 2']));
    t.equal((await client.reply()).status, 100);
    client.send('hi');
    t.equal((await client.reply()).body, 'hi');
  });
}

function clientsThatLeave(t: Test, launch: Launch): void {
  interface Left {
    aborts: number;
    body: string;
    stream: ReplyStream | undefined;
  }
  const watching = (left: Left, andThen: (exchange: HttpExchange) => void): ExchangeHandler => {
    return (exchange) => {
      if (exchange.path === '/other') {
        exchange.reply({ status: 200, headers: {} });
        return;
      }
      exchange.onAbort(() => {
        left.aborts += 1;
      });
      exchange.readBody(MAX_BODY_BYTES).then(
        (body) => (left.body = body.toString()),
        (error: unknown) => (left.body = asGatewayError(error).code),
      );
      andThen(exchange);
    };
  };
  const phases: Record<
    string,
    { bytes: string; body: string; then: (left: Left, exchange: HttpExchange) => void }
  > = {
    'in its body': {
      bytes: request('POST', '/', ['Content-Length: 10']) + '12345',
      body: 'GW_BAD_REQUEST',
      then: () => undefined,
    },
    'before the answer': { bytes: post('/', 'hello'), body: 'hello', then: () => undefined },
    'in a stream': {
      bytes: post('/', 'hello'),
      body: 'hello',
      then: (left, exchange) => {
        left.stream = exchange.openStream(200, EVENT_STREAM);
        left.stream.write('data: x\n\n');
      },
    },
  };
  for (const [phase, { bytes, body, then }] of Object.entries(phases)) {
    for (const way of ['reset', 'destroy', 'halfClose'] as const) {
      t.test(`a client that leaves ${phase} (${way}) is noticed once`, async (t) => {
        const left: Left = { aborts: 0, body: '', stream: undefined };
        const running = await launch(
          t,
          watching(left, (exchange) => {
            then(left, exchange);
          }),
        );
        const client = await running.open();
        client.send(bytes);
        await until(() => running.exchanges.length === 1, soon('the request'));
        if (phase === 'in a stream') await client.text('data: x');
        client[way]();
        await until(() => left.aborts > 0, soon('the abort'));
        const [exchange] = running.exchanges;
        t.equal(exchange?.isAborted, true);
        exchange?.reply({ status: 200, headers: {}, body: 'late' });
        t.equal(exchange?.openStream(200, {}).write('late'), true);
        t.equal(left.stream?.write('late') ?? true, true);
        left.stream?.end();
        await until(() => left.body !== '', soon('the body'));
        t.equal(left.body, body);
        await untilIdle(running);
        t.equal(left.aborts, 1);
        t.equal((await running.ask(post('/other', ''))).status, 200, 'others are served');
      });
    }
  }
}

function brokenHandlers(t: Test, launch: Launch): void {
  const broken = new Error('broken');
  const handlers: Record<string, ExchangeHandler> = {
    throws: () => {
      throw broken;
    },
    'rejects at once': () => Promise.reject(broken),
    'rejects later': async (exchange) => {
      await exchange.readBody(MAX_BODY_BYTES);
      throw broken;
    },
  };
  for (const [what, handler] of Object.entries(handlers)) {
    t.test(`a handler that ${what} is answered 500, counted and told`, async (t) => {
      const running = await launch(t, handler);
      const reply = await running.ask(post('/', 'hello'));
      t.equal(reply.status, 500);
      t.equal(reasonOf(reply), 'GW_INTERNAL');
      t.notOk(reply.body.includes('broken'), 'the cause stays inside');
      t.same(running.errors, [broken]);
      t.match(running.front.stats(), { inFlight: 0, failedHandlers: 1 });
      t.equal((await running.ask(get('/'))).status, 500, 'and the front lives');
    });
  }

  t.test('a handler that fails after its reply changes nothing', async (t) => {
    const running = await launch(t, async (exchange) => {
      exchange.reply({ status: 200, headers: {}, body: 'done' });
      await exchange.readBody(1);
      throw broken;
    });
    const client = await running.open();
    client.send(get('/'));
    t.equal((await client.reply()).body, 'done');
    client.send(get('/'));
    t.equal((await client.reply()).body, 'done');
    t.equal(running.front.stats().failedHandlers, 2);
  });

  t.test('a handler that fails in a stream cuts it', async (t) => {
    const running = await launch(t, async (exchange) => {
      exchange.openStream(200, EVENT_STREAM).write('data: x\n\n');
      await new Promise((resolve) => setImmediate(resolve));
      throw broken;
    });
    const client = await running.open();
    client.send(get('/'));
    await client.ended();
    t.match(client.received, /data: x/);
    t.notMatch(client.received, /\r\n0\r\n\r\n/, 'so that the client does not take it for whole');
    await untilIdle(running);
  });
}

function streams(t: Test, launch: Launch): void {
  t.test('a stream is chunked, in order, and ends properly', async (t) => {
    const running = await launch(t, (exchange) => {
      const stream = exchange.openStream(200, EVENT_STREAM);
      t.equal(stream.write('data: 1\n\n'), true);
      stream.write(Buffer.from('data: 2\n\n'));
      stream.write('');
      setImmediate(() => {
        stream.write('data: \u20ac\n\n');
        stream.end();
        stream.end();
        stream.write('data: late\n\n');
      });
    });
    const client = await running.open();
    for (const round of ['first', 'second']) {
      client.send(get(`/${round}`));
      const reply = await client.reply();
      t.equal(reply.headers.get('content-type'), 'text/event-stream');
      t.equal(reply.headers.get('content-length'), undefined);
      const text = Buffer.from(reply.body, 'latin1').toString();
      t.equal(text, 'data: 1\n\ndata: 2\n\ndata: \u20ac\n\n', round);
    }
    t.equal(running.front.stats().inFlight, 0);
  });

  t.test('a stream that ends in the turn it opened in is whole', async (t) => {
    const running = await launch(t, (exchange) => {
      const stream = exchange.openStream(201, { 'content-type': 'application/json' });
      stream.write('{}');
      stream.end();
    });
    const reply = await running.ask(get('/'));
    t.equal(reply.status, 201);
    t.equal(reply.body, '{}');
    const empty = await launch(t, (exchange) => {
      exchange.openStream(200, EVENT_STREAM).end();
    });
    t.equal((await empty.ask(get('/'))).body, '');
  });

  t.test(
    'a stream that is cut off never looks whole, wherever its writer learns of it',
    async (t) => {
      // More than the kernel takes, so that it is the connection that tells when there is room.
      const fill = Buffer.alloc(16_000_000, 'x');
      const cutters: Readonly<Record<string, (stream: ReplyStream) => void>> = {
        'in the turn it opened in': (stream) => {
          stream.write('half');
          stream.cut();
        },
        later: (stream) => {
          stream.write('half');
          setImmediate(() => {
            stream.cut();
            stream.write('more');
            stream.end();
          });
        },
        'when the client takes more': (stream) => {
          stream.onDrain(() => {
            stream.cut();
          });
          stream.write(fill);
        },
      };
      for (const [name, cutter] of Object.entries(cutters)) {
        const running = await launch(t, (exchange) => {
          cutter(exchange.openStream(200, { 'content-type': 'application/json' }));
        });
        const client = await running.open();
        client.send(get('/'));
        await t.rejects(client.reply(), /closed without a whole reply/, name);
        t.notMatch(client.received, 'more', name);
        await untilIdle(running);
      }
    },
  );

  t.test('a listening client gets the head before the first event', async (t) => {
    const running = await launch(t, (exchange) => {
      exchange.openStream(200, EVENT_STREAM);
    });
    const client = await running.open();
    client.send(get('/'));
    const text = await client.text(/\r\n\r\n/);
    t.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    t.match(text, /transfer-encoding: chunked/i);
  });

  t.test('a stream after a chunked request is whole and says that it is the last', async (t) => {
    const running = await launch(t, async (exchange) => {
      await exchange.readBody(MAX_BODY_BYTES);
      const stream = exchange.openStream(200, EVENT_STREAM);
      stream.write('data: 1\n\n');
      setImmediate(() => {
        stream.end();
      });
    });
    const client = await running.open();
    client.send(`${request('POST', '/', ['Transfer-Encoding: chunked'])}0\r\n\r\n`);
    const reply = await client.reply();
    t.equal(reply.headers.get('connection'), 'close');
    t.equal(reply.body, 'data: 1\n\n');
  });

  t.test(
    'a writer that heeds the pause sends more than any buffer, and none is lost',
    async (t) => {
      const total = 300;
      let written = 0;
      const running = await launch(
        t,
        (exchange) => {
          const stream = exchange.openStream(200, { 'content-type': 'application/octet-stream' });
          const more = (): void => {
            while (written < total) {
              written += 1;
              if (!stream.write(Buffer.alloc(100_000, written))) return;
            }
            stream.end();
          };
          stream.onDrain(more);
          more();
        },
        { streamStallTimeoutMs: 60_000 },
      );
      const client = await running.open();
      client.pause();
      client.send(get('/'));
      await until(() => written > 0, soon('the first write'));
      const [before] = [written];
      client.resume();
      const reply = await client.reply();
      t.ok(before < total, `paused after ${before}`);
      t.equal(reply.body.length, total * 100_000);
      const first = (index: number): number => reply.body.charCodeAt(index * 100_000);
      t.ok(Array.from({ length: total }, (_, i) => first(i) === (i + 1) % 256).every(Boolean));
      await untilIdle(running);
    },
  );

  t.test('the last event reaches a slow reader although nothing follows it', async (t) => {
    const big = Buffer.alloc(8_000_000, 'x');
    const running = await launch(
      t,
      (exchange) => {
        const stream = exchange.openStream(200, EVENT_STREAM);
        stream.write(big);
      },
      { streamStallTimeoutMs: 5_000 },
    );
    const client = await running.open();
    client.pause();
    client.send(get('/'));
    await until(() => running.exchanges.length > 0, soon('the request'));
    client.resume();
    await until(() => client.received.length > big.length, soon('every byte'));
    t.equal(running.front.stats().inFlight, 1, 'and the stream is still open');
  });

  t.test('one event larger than the budget is no offence', async (t) => {
    const big = 'x'.repeat(3_000_000);
    const running = await launch(t, (exchange) => {
      const stream = exchange.openStream(200, EVENT_STREAM);
      t.equal(stream.write(big), false);
      stream.onDrain(() => {
        stream.end();
      });
    });
    t.equal((await running.ask(get('/'))).body.length, big.length);
  });

  t.test('a writer that goes on past the budget loses its client', async (t) => {
    let aborts = 0;
    const running = await launch(
      t,
      (exchange) => {
        exchange.onAbort(() => {
          aborts += 1;
        });
        const stream = exchange.openStream(200, EVENT_STREAM);
        const timer = setInterval(() => {
          for (let i = 0; i < 10; i += 1) stream.write(Buffer.alloc(50_000));
          if (exchange.isAborted) clearInterval(timer);
        }, 1);
      },
      { streamStallTimeoutMs: 60_000 },
    );
    const client = await running.open();
    client.pause();
    client.send(get('/'));
    await until(() => aborts > 0, soon('the abort'));
    t.equal(aborts, 1);
    await untilIdle(running);
  });

  t.test('a client that takes nothing is closed after the stall timeout', async (t) => {
    let aborts = 0;
    let stalledAtMs = 0;
    const running = await launch(t, (exchange) => {
      exchange.onAbort(() => {
        aborts += 1;
      });
      exchange.openStream(200, EVENT_STREAM).write(Buffer.alloc(20_000_000));
      stalledAtMs = performance.now();
    });
    const client = await running.open();
    client.pause();
    client.send(get('/'));
    await until(() => aborts > 0, soon('the abort'));
    t.ok(performance.now() - stalledAtMs >= 395, 'not before its time');
    t.equal(aborts, 1);
    await untilIdle(running);

    const whole = await launch(t, (exchange) => {
      exchange.reply({ status: 200, headers: {}, body: Buffer.alloc(20_000_000) });
    });
    const idle = await whole.open();
    idle.pause();
    idle.send(get('/'));
    await until(() => whole.exchanges.length > 0, soon('the request'));
    await untilIdle(whole);
    t.equal(whole.exchanges[0]?.isAborted, true, 'a whole reply is watched alike');
  });
}

function connections(t: Test, launch: Launch): void {
  t.test('connections beyond the cap are closed at once, the others served', async (t) => {
    const running = await launch(t, echo, { maxConnections: 5 });
    const clients: RawClient[] = [];
    for (let i = 0; i < 12; i += 1) clients.push(await running.open());
    await until(() => running.front.stats().refusedConnections === 7, soon('seven refusals'));
    t.equal(running.front.stats().connections, 5);
    for (const client of clients.slice(5)) await client.ended();
    for (const client of clients.slice(0, 5)) {
      client.send(get('/'));
      t.equal((await client.reply()).status, 200);
    }
    clients[0]?.destroy();
    await until(() => running.front.stats().connections === 4, soon('room'));
    t.equal((await running.ask(get('/'))).status, 200, 'room that was left is given again');
  });

  t.test('draining: no new connection, last replies say close, streams live on', async (t) => {
    const waiting: HttpExchange[] = [];
    let stream: ReplyStream | undefined;
    const running = await launch(t, (exchange) => {
      if (exchange.path === '/stream') {
        stream = exchange.openStream(200, EVENT_STREAM);
        stream.write('data: 1\n\n');
      } else if (exchange.path === '/wait') waiting.push(exchange);
      else exchange.reply({ status: 200, headers: {}, body: 'ok' });
    });
    const idle = await running.open();
    const kept = await running.open();
    for (const client of [idle, kept]) {
      client.send(get('/'));
      await client.reply();
    }
    const listening = await running.open();
    listening.send(get('/stream'));
    await listening.text('data: 1');
    const slow = await running.open();
    slow.send(get('/wait'));
    await until(() => waiting.length === 1, soon('the request'));

    running.front.stopListening();
    running.front.stopListening();
    const late = await running.open();
    await late.ended();
    t.equal(late.received, '');

    waiting[0]?.reply({ status: 200, headers: {}, body: 'finished' });
    const reply = await slow.reply();
    t.equal(reply.body, 'finished');
    t.equal(reply.headers.get('connection'), 'close');
    t.equal(running.front.stats().inFlight, 1);
    stream?.write('data: 2\n\n');
    stream?.end();
    await listening.text('data: 2');
    await listening.text('0\r\n\r\n');
    await untilIdle(running);
    kept.send(get('/'));
    t.equal((await kept.reply()).headers.get('connection'), 'close', 'its request was under way');
    kept.destroy();
    running.front.close();
    await idle.ended();
    await until(() => running.front.stats().connections === 0, soon('no connection'));
  });

  t.test('closing ends what is still in flight', async (t) => {
    let aborts = 0;
    const running = await launch(t, (exchange) => {
      exchange.onAbort(() => {
        aborts += 1;
      });
    });
    const client = await running.open();
    client.send(get('/'));
    await until(() => running.exchanges.length === 1, soon('the request'));
    running.front.close();
    await client.ended();
    await untilIdle(running);
    t.equal(aborts, 1);
  });

  t.test('listening where one cannot is an error', async (t) => {
    // A documentation address (RFC 5737): no machine has it.
    const front = await launch(t, echo, { host: '127.0.0.1' });
    t.ok(front.port > 0);
    await t.rejects(launch(t, echo, { host: '192.0.2.1' }));
  });
}
