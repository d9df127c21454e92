import fc from 'fast-check';
import t from 'tap';
import {
  HeaderGate,
  isProxyHeader,
  type Framing,
  type GateRequest,
  type HeaderGateOptions,
} from '../../src/http/header-gate.js';
import type { Refusal } from '../../src/http/refusal.js';

const options: HeaderGateOptions = {
  host: '127.0.0.1',
  maxHeaderBytes: 16_384,
  chunkedRequests: true,
  allowedHosts: [],
  allowedOrigins: [],
};

type Line = readonly [name: string, value: string];
const HOST: Line = ['host', 'localhost'];
const LENGTH: Line = ['content-length', '5'];
const CHUNKED: Line = ['transfer-encoding', 'chunked'];

function inspect(
  lines: readonly Line[],
  request: Partial<GateRequest> = {},
  overrides: Partial<HeaderGateOptions> = {},
): Framing | Refusal {
  const gate = new HeaderGate({ ...options, ...overrides });
  const headers = lines.flat();
  return gate.inspect({ method: 'POST', path: '/x/mcp', query: '', headers, ...request });
}

function codeOf(verdict: Framing | Refusal): string {
  return 'code' in verdict ? verdict.code : 'admitted';
}

t.test('an admitted request has exactly one framing', (t) => {
  const get = { method: 'GET' };
  const none = { contentLength: 0, isChunked: false, hasForwarding: false, hasTrustedHost: true };
  t.same(inspect([HOST, LENGTH]), { ...none, contentLength: 5 });
  t.same(inspect([HOST, CHUNKED]), { ...none, contentLength: -1, isChunked: true });
  t.same(inspect([HOST], get), none);
  t.same(inspect([HOST, ['content-length', '0']], { method: 'DELETE' }), none);
  t.same(inspect([HOST, ['content-length', '007']]), { ...none, contentLength: 7 });
  t.end();
});

t.test('every refusal has its code', (t) => {
  const get = { method: 'GET' };
  const table: [string, readonly Line[], Partial<GateRequest>, string][] = [
    ['no framing', [HOST], {}, 'GW_LENGTH_REQUIRED'],
    ['both framings', [HOST, LENGTH, CHUNKED], {}, 'GW_BAD_REQUEST'],
    ['both, coding first', [HOST, CHUNKED, LENGTH], {}, 'GW_BAD_REQUEST'],
    ['length twice', [HOST, LENGTH, LENGTH], {}, 'GW_BAD_REQUEST'],
    ['coding twice', [HOST, CHUNKED, CHUNKED], {}, 'GW_BAD_REQUEST'],
    ['coding Chunked', [HOST, ['transfer-encoding', 'Chunked']], {}, 'GW_BAD_REQUEST'],
    ['coding gzip, chunked', [HOST, ['transfer-encoding', 'gzip, chunked']], {}, 'GW_BAD_REQUEST'],
    ['coding empty', [HOST, ['transfer-encoding', '']], {}, 'GW_BAD_REQUEST'],
    ['GET with length', [HOST, LENGTH], get, 'GW_BAD_REQUEST'],
    ['GET with coding', [HOST, CHUNKED], get, 'GW_BAD_REQUEST'],
    ['DELETE with length', [HOST, LENGTH], { method: 'DELETE' }, 'GW_BAD_REQUEST'],
    ['underscore', [HOST, LENGTH, ['content_length', '9']], {}, 'GW_BAD_REQUEST'],
    ['empty name', [HOST, LENGTH, ['', 'x']], {}, 'GW_BAD_REQUEST'],
    ['no host', [LENGTH], {}, 'GW_BAD_REQUEST'],
    ['host twice', [HOST, HOST, LENGTH], {}, 'GW_BAD_REQUEST'],
    ['host junk', [['host', 'a/b'], LENGTH], {}, 'GW_BAD_REQUEST'],
    ['foreign host', [['host', 'evil.example'], LENGTH], {}, 'GW_HOST_REFUSED'],
    ['foreign origin', [HOST, LENGTH, ['origin', 'http://evil.example']], {}, 'GW_HOST_REFUSED'],
    ['null origin', [HOST, LENGTH, ['origin', 'null']], {}, 'GW_HOST_REFUSED'],
    ['empty origin', [HOST, LENGTH, ['origin', '']], {}, 'GW_HOST_REFUSED'],
    ['encoded', [HOST, LENGTH, ['content-encoding', 'gzip']], {}, 'GW_MEDIA_TYPE'],
    ['identity', [HOST, LENGTH, ['content-encoding', 'Identity']], {}, 'admitted'],
    ['method', [HOST, LENGTH], { method: 'PUT' }, 'GW_METHOD_NOT_ALLOWED'],
    ['method case', [HOST, LENGTH], { method: 'post' }, 'GW_METHOD_NOT_ALLOWED'],
    ['path form', [HOST], { ...get, path: 'http://localhost/x' }, 'GW_BAD_REQUEST'],
    ['path star', [HOST], { method: 'OPTIONS', path: '*' }, 'GW_BAD_REQUEST'],
    ['path bytes', [HOST], { ...get, path: '/\u00ff' }, 'GW_BAD_REQUEST'],
    ['query bytes', [HOST], { ...get, query: 'a=\u0001' }, 'GW_BAD_REQUEST'],
    ['path raw', [HOST], { ...get, path: '/a/../%00//b#c' }, 'admitted'],
    ['token bytes', [HOST, LENGTH, ['authorization', 'Bearer \u00e9']], {}, 'GW_BAD_REQUEST'],
    ['key bytes', [HOST, LENGTH, ['x-api-key', 'a\tb']], {}, 'GW_BAD_REQUEST'],
    ['session bytes', [HOST, LENGTH, ['mcp-session-id', '\u00e9']], {}, 'GW_BAD_REQUEST'],
  ];
  for (const [name, lines, request, code] of table) {
    t.equal(codeOf(inspect(lines, request)), code, name);
  }
  t.end();
});

t.test('no header that decides something may be repeated', (t) => {
  const once = ['authorization', 'x-api-key', 'origin', 'content-type', 'content-encoding'];
  const mcp = ['mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-param-x'];
  for (const name of [...once, ...mcp]) {
    const value = { origin: 'http://localhost', 'content-encoding': 'identity' }[name] ?? 'a';
    const lines: Line[] = [HOST, LENGTH, [name, value]];
    t.equal(codeOf(inspect(lines)), 'admitted', name);
    t.equal(codeOf(inspect([...lines, ['accept', '*/*'], [name, value]])), 'GW_BAD_REQUEST', name);
  }
  const lists: Line[] = [
    HOST,
    LENGTH,
    ['accept', 'a'],
    ['accept', 'b'],
    ['via', 'a'],
    ['via', 'b'],
  ];
  t.equal(codeOf(inspect(lists)), 'admitted', 'lists may be');
  t.end();
});

t.test('a length is one to sixteen digits', (t) => {
  for (const value of [
    '',
    ' 5',
    '+5',
    '-1',
    '0x5',
    '5, 5',
    '5.0',
    '1e3',
    '9'.repeat(17),
    '\u0665',
  ]) {
    t.equal(codeOf(inspect([HOST, ['content-length', value]])), 'GW_BAD_REQUEST', `"${value}"`);
  }
  t.equal(codeOf(inspect([HOST, ['content-length', '9'.repeat(16)]])), 'admitted');
  t.end();
});

t.test('the head is bounded in bytes and in lines', (t) => {
  const maxHeaderBytes = 200;
  const head = (fill: number): string =>
    codeOf(inspect([HOST, LENGTH, ['x', 'y'.repeat(fill)]], {}, { maxHeaderBytes }));
  // method 4, path 6, host 4+9+4, length 14+1+4, x 1+4
  t.equal(head(200 - 4 - 6 - 17 - 19 - 5), 'admitted');
  t.equal(head(200 - 4 - 6 - 17 - 19 - 5 + 1), 'GW_HEADERS_TOO_LARGE');
  const filler = (count: number): Line[] => Array.from({ length: count }, () => ['x', 'y']);
  t.equal(codeOf(inspect([HOST, LENGTH, ...filler(94)])), 'admitted');
  t.equal(codeOf(inspect([HOST, LENGTH, ...filler(95)])), 'GW_HEADERS_TOO_LARGE');
  t.equal(
    codeOf(inspect([HOST], { method: 'GET', query: 'q'.repeat(300) }, { maxHeaderBytes })),
    'GW_HEADERS_TOO_LARGE',
  );
  t.end();
});

t.test('chunked requests are refused where they are switched off', (t) => {
  t.equal(codeOf(inspect([HOST, CHUNKED], {}, { chunkedRequests: false })), 'GW_LENGTH_REQUIRED');
  t.end();
});

t.test('a refused method is told which are allowed', (t) => {
  t.match(inspect([HOST], { method: 'PATCH' }), {
    headers: { allow: 'GET, POST, DELETE, OPTIONS, HEAD' },
  });
  t.end();
});

t.test('headers that only a proxy writes are noticed', (t) => {
  const proxy = ['x-forwarded-for', 'x-forwarded-anything', 'forwarded', 'via', 'x-real-ip'];
  for (const name of [...proxy, 'x-gateway-user']) {
    t.match(inspect([HOST, LENGTH, [name, 'x']]), { hasForwarding: true }, name);
  }
  t.notOk(isProxyHeader('x-forwarder'));
  t.end();
});

t.test('one gate judges each Host for itself, also after a good one', (t) => {
  const gate = new HeaderGate(options);
  const ask = (...lines: readonly Line[]): string =>
    codeOf(gate.inspect({ method: 'GET', path: '/', query: '', headers: lines.flat() }));
  t.equal(ask(HOST), 'admitted');
  t.equal(ask(['host', 'evil.example']), 'GW_HOST_REFUSED');
  t.equal(ask(['host', '127.0.0.1:8080']), 'admitted');
  t.equal(ask(), 'GW_BAD_REQUEST');
  t.equal(ask(['host', '']), 'GW_BAD_REQUEST');
  t.equal(ask(HOST, ['origin', 'http://127.0.0.1:9']), 'admitted');
  t.end();
});

t.test('whatever lines arrive, what is admitted can be read in one way only', (t) => {
  const line = fc.tuple(
    fc.constantFrom('content-length', 'transfer-encoding', 'host', 'accept', 'x_y', 'origin'),
    fc.constantFrom('5', '0', 'chunked', 'localhost', 'identity', '', '5, 5', 'null'),
  );
  const method = fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PUT');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), method, (lines, chosen) => {
      const verdict = inspect(lines, { method: chosen });
      if ('code' in verdict) return true;
      const lengths = lines.filter(([name]) => name === 'content-length');
      const codings = lines.filter(([name]) => name === 'transfer-encoding');
      const hosts = lines.filter(([name]) => name === 'host');
      const hasBody = verdict.isChunked || verdict.contentLength > 0;
      return (
        hosts.length === 1 &&
        lengths.length + codings.length <= 1 &&
        (chosen === 'POST' ? lengths.length + codings.length === 1 : !hasBody) &&
        verdict.isChunked === (codings[0]?.[1] === 'chunked') &&
        !lines.some(([name]) => name.includes('_'))
      );
    }),
    { numRuns: 5_000 },
  );
  t.end();
});
