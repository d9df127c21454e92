/** On real sockets: an authorization server, a server that wants its tokens, the HTTP transport between. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { ClientCredentials } from '../../src/upstream/client-credentials.js';
import { createStreamableHttp } from '../../src/upstream/streamable-http.js';
import { withUpstreamToken } from '../../src/upstream/with-upstream-token.js';
import { startAuthorizationServer } from '../support/authorization-server.js';

async function rig(t: Test, options: { readonly clientSecret?: string } = {}) {
  const authorization = await startAuthorizationServer('gateway');
  t.teardown(() => authorization.close());
  const seen: string[] = [];
  const state = { nowMs: 0, refused: new Set<string>() };
  const server = createServer((request, response) => {
    const token = request.headers.authorization ?? '';
    seen.push(token);
    request.resume();
    response.writeHead(state.refused.has(token) ? 401 : 200).end('answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const tokens = new ClientCredentials({
    tokenUrl: authorization.tokenUrl,
    clientId: 'gateway',
    clientSecret: options.clientSecret ?? 'machine secret',
    scopes: ['tools'],
    resource: url,
    clientAuthentication: 'basic',
    nowMs: () => state.nowMs,
  });
  const transport = withUpstreamToken(
    createStreamableHttp({
      url,
      headers: {},
      maxConnections: 10,
      maxStreams: 10,
      idleTimeoutMs: 1000,
      connectTimeoutMs: 10_000,
    }),
    tokens,
  );
  t.teardown(async () => {
    await transport.close();
    server.closeAllConnections();
    server.close();
  });
  const send = () =>
    new Promise<number | string>((resolve) => {
      let status = 0;
      transport.dispatch(
        {
          method: 'POST',
          headers: ['x-of-client', '1'],
          body: Buffer.from('{}'),
          user: 'ana',
          credential: null,
          headTimeoutMs: 20_000,
          idleTimeoutMs: 0,
        },
        {
          onHead: (head) => (status = head),
          onData: () => true,
          onEnd: () => {
            resolve(status);
          },
          onError: (error) => {
            resolve(error.code);
          },
        },
      );
    });
  return { authorization, seen, state, send, transport, url };
}

t.test('many calls at once share one token, which is asked for once', async (t) => {
  const { authorization, seen, send, url } = await rig(t);
  t.same(await Promise.all([send(), send(), send(), send()]), [200, 200, 200, 200]);
  t.equal(await send(), 200);
  t.same(authorization.requests, ['POST /token client_credentials']);
  const [grant] = authorization.grants;
  t.match([grant?.get('scope'), grant?.get('resource')], ['tools', url]);
  t.equal(grant?.get('client_secret'), null, 'the secret went in the header');
  t.equal(new Set(seen).size, 1);
  t.match(seen[0], /^Bearer ey/);
});

t.test('a token is replaced before it ends', async (t) => {
  const { authorization, seen, state, send } = await rig(t);
  await send();
  state.nowMs = 3_569_999;
  await send();
  t.equal(authorization.requests.length, 1);
  state.nowMs = 3_570_000;
  await Promise.all([send(), send()]);
  t.equal(authorization.requests.length, 2);
  t.equal(new Set(seen).size, 2);
});

t.test('a refused token is replaced once, for all who met the refusal', async (t) => {
  const { authorization, seen, state, send } = await rig(t);
  await send();
  state.refused.add(seen[0] ?? '');
  state.nowMs = 10_000;
  t.same(await Promise.all([send(), send(), send()]), [200, 200, 200]);
  t.equal(authorization.requests.length, 2);
});

t.test('where a new token is refused too the refusal is the answer, with no storm', async (t) => {
  const { authorization, state, send } = await rig(t);
  state.refused = { has: () => true } as unknown as Set<string>;
  t.equal(await send(), 401, 'a new token is not the problem');
  t.equal(authorization.requests.length, 1);
  state.nowMs = 10_000;
  t.equal(await send(), 401);
  t.same([await send(), await send()], [401, 401]);
  t.equal(authorization.requests.length, 2);
});

t.test('without a token nothing is sent, and the issuer is left alone for a moment', async (t) => {
  const { authorization, seen, state, send } = await rig(t, { clientSecret: 'wrong' });
  t.same(await Promise.all([send(), send()]), Array(2).fill('GW_UPSTREAM_UNREACHABLE'));
  t.equal(await send(), 'GW_UPSTREAM_UNREACHABLE');
  t.equal(authorization.requests.length, 1);
  state.nowMs = 1000;
  await send();
  t.equal(authorization.requests.length, 2);
  t.same(seen, []);
});

t.test('a call that is given up while it waits for a token is never sent', async (t) => {
  const { authorization, seen, transport, send } = await rig(t);
  const exchange = transport.dispatch(
    {
      method: 'POST',
      headers: [],
      body: Buffer.from('{}'),
      user: 'ana',
      credential: null,
      headTimeoutMs: 20_000,
      idleTimeoutMs: 0,
    },
    {
      onHead: () => t.fail('no callback follows'),
      onData: () => true,
      onEnd: () => t.fail('no callback follows'),
      onError: () => t.fail('no callback follows'),
    },
  );
  exchange.abort();
  await send();
  t.equal(seen.length, 1);
  t.equal(authorization.requests.length, 1);
});
