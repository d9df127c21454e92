import t from 'tap';
import type { Authenticator } from '../../src/gateway/authenticator.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { createOperationsRoutes } from '../../src/http/operations-routes.js';
import { PrimaryLink } from '../../src/http/primary-link.js';
import { createRoutes } from '../../src/http/routes.js';
import { FakeChannel } from '../support/fake-ipc.js';
import { FakeExchange, type FakeRequest } from '../support/fake-exchange.js';

const authenticator = {
  authenticate: ({ authorization }: { authorization: string | undefined }) => {
    if (authorization === undefined) throw new GatewayError('GW_UNAUTHENTICATED');
    return { isAdmin: authorization === 'Bearer admin' };
  },
} as unknown as Authenticator;

function routes(isDraining = false) {
  const channel = new FakeChannel();
  const primary = new PrimaryLink(
    channel,
    () => undefined,
    () => undefined,
  );
  const served: string[] = [];
  const handler = createRoutes(
    (exchange, server) => {
      served.push(server);
      exchange.reply({ status: 299, headers: {} });
      return Promise.resolve();
    },
    createOperationsRoutes({
      version: '1.2.3',
      primary,
      authenticator,
      isDraining: () => isDraining,
    }),
  );
  const ask = async (request: FakeRequest) => {
    const exchange = new FakeExchange({ method: 'GET', ...request });
    await handler(exchange);
    return exchange;
  };
  return { ask, served, channel };
}

t.test('only the exact path of a server reaches the request path', async (t) => {
  const { ask, served } = routes();
  for (const path of ['/files/mcp', '/a.b-c/mcp']) t.equal((await ask({ path })).status, 299);
  const others = [
    '/mcp',
    '//mcp',
    '/a/b/mcp',
    '/files/mcp/',
    '/files/MCP',
    '/files/mcpx',
    '/a/../b/mcp',
  ];
  for (const path of others) t.equal((await ask({ path })).status, 404, path);
  t.same(served, ['files', 'a.b-c']);
});

t.test('other paths answer problem documents, other verbs 405', async (t) => {
  const { ask } = routes();
  const unknown = await ask({ path: '/nope' });
  t.equal(unknown.replyHeaders['content-type'], 'application/problem+json');
  t.match(unknown.json, { status: 404, reason: 'GW_ROUTE_UNKNOWN' });
  const put = await ask({ method: 'POST', path: '/health' });
  t.equal(put.status, 405);
  t.equal(put.replyHeaders['allow'], 'GET, HEAD');
});

t.test('a preflight is answered with the parameter headers it asks for', async (t) => {
  const { ask, served } = routes();
  const reply = await ask({
    method: 'OPTIONS',
    path: '/files/mcp',
    headers: {
      origin: 'http://localhost:1',
      'access-control-request-headers': 'Authorization, Mcp-Param-Region, X-Evil\r\n',
    },
  });
  t.equal(reply.status, 204);
  t.match(reply.replyHeaders['access-control-allow-headers'], /Mcp-Param-Region$/);
  t.same(served, []);
});

t.test('the root and liveness need nobody', async (t) => {
  const { ask } = routes();
  t.match((await ask({ path: '/' })).json, {
    version: '1.2.3',
    endpoints: { mcp: '/{server}/mcp' },
  });
  t.equal((await ask({ path: '/livez' })).text, 'ok\n');
});

t.test('details of health are asked for loopback peers and admin keys only', async (t) => {
  const cases: readonly (readonly [FakeRequest, boolean])[] = [
    [{}, true],
    [{ isLoopback: false }, false],
    [{ isLoopback: false, headers: { authorization: 'Bearer admin' } }, true],
    [{ isLoopback: false, headers: { authorization: 'Bearer other' } }, false],
  ];
  for (const [request, isTrusted] of cases) {
    const { ask, channel } = routes();
    const asked = ask({ path: '/health', ...request });
    t.match(await channel.next(), { kind: 'health', isTrusted });
    channel.answer(200, '{"status":"healthy"}');
    t.match((await asked).json, { status: 'healthy' });
  }
});

t.test('what makes the gateway ready is told to loopback peers and admin keys only', async (t) => {
  const cases: readonly (readonly [FakeRequest, boolean])[] = [
    [{ query: 'verbose' }, true],
    [{ query: '' }, false],
    [{ query: 'verbose', isLoopback: false }, false],
    [{ query: 'verbose', isLoopback: false, headers: { authorization: 'Bearer admin' } }, true],
    [{ query: 'verbose', isLoopback: false, headers: { authorization: 'Bearer other' } }, false],
  ];
  for (const [request, isTrusted] of cases) {
    const { ask, channel } = routes();
    const asked = ask({ path: '/readyz', ...request });
    t.match(await channel.next(), { kind: 'readiness', isTrusted });
    channel.answer(200, 'ready');
    t.equal((await asked).text, 'ready');
  }
});

t.test('metrics are closed to strangers and come in the form that was asked for', async (t) => {
  const stranger = routes();
  t.equal((await stranger.ask({ path: '/metrics', isLoopback: false })).status, 401);
  const cases: readonly (readonly [FakeRequest, string])[] = [
    [{ path: '/metrics', headers: { accept: '*/*' } }, 'metrics-json'],
    [
      { path: '/metrics', headers: { accept: 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1' } },
      'metrics-prometheus',
    ],
    [
      { path: '/metrics', headers: { accept: 'application/json, text/plain;q=0.5' } },
      'metrics-json',
    ],
    [{ path: '/metrics', query: 'format=prometheus' }, 'metrics-prometheus'],
    [{ path: '/metrics', query: 'format=json', headers: { accept: 'text/plain' } }, 'metrics-json'],
    [{ path: '/metrics', query: 'format=openmetrics' }, 'metrics-openmetrics'],
    [{ path: '/metrics', query: 'format=nonsense', headers: { accept: '*/*' } }, 'metrics-json'],
    // What Prometheus 2.x and 3.x send.
    [
      {
        path: '/metrics',
        headers: {
          accept:
            'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
        },
      },
      'metrics-openmetrics',
    ],
    [{ path: '/metrics/prometheus' }, 'metrics-prometheus'],
  ];
  for (const [request, kind] of cases) {
    const { ask, channel } = routes();
    const asked = ask(request);
    t.match(await channel.next(), { kind });
    channel.answer(200, 'x');
    await asked;
  }
});

t.test('a draining worker is not ready and asks nobody', async (t) => {
  const { ask, channel } = routes(true);
  t.equal((await ask({ path: '/readyz' })).status, 503);
  t.equal(channel.sent.length, 0);
});

t.test('a primary that does not answer is told as unhealthy', async (t) => {
  const { ask } = routes();
  const reply = await ask({ path: '/health' });
  t.equal(reply.status, 503);
  t.match(reply.json, { status: 'unhealthy' });
});

t.test('the protected-resource documents are public, for browsers too', async (t) => {
  const handler = createRoutes(() => Promise.resolve(), new Map(), {
    document: (path) => (path === '/.well-known/x' ? '{"resource":"r"}' : null),
  });
  const ask = async (request: FakeRequest) => {
    const exchange = new FakeExchange({ path: '/.well-known/x', ...request });
    await handler(exchange);
    return exchange;
  };
  const found = await ask({ method: 'GET', headers: { origin: 'https://app.example' } });
  t.equal(found.status, 200);
  t.equal(found.text, '{"resource":"r"}');
  t.equal(found.replyHeaders['access-control-allow-origin'], 'https://app.example');
  t.equal((await ask({ method: 'OPTIONS' })).status, 204);
  t.equal((await ask({ method: 'POST' })).status, 405);
  t.equal((await ask({ method: 'GET', path: '/.well-known/y' })).status, 404);
});
