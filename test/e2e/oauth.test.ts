/**
 * The official clients' whole OAuth flow through the gateway on both fronts: discovery from a 401, dynamic
 * registration, PKCE, token, tool call, step-up, refresh, and the issuer's key rotation meanwhile.
 */
import {
  Client as SuccessorClient,
  StreamableHTTPClientTransport as SuccessorTransport,
  type OAuthClientProvider as SuccessorProvider,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import t, { type Test } from 'tap';
import {
  startAuthorizationServer,
  type AuthorizationServer,
} from '../support/authorization-server.js';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { AgreeingUser } from '../support/oauth-client.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';
import { uwsSkip } from '../support/uws-skip.js';

interface Session {
  listTools(): Promise<unknown>;
  call(value: string): Promise<unknown>;
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Connects; the first time ends in Unauthorized after the redirect, as it does for every real user. */
const CLIENTS = {
  'sdk-1': (url: URL, user: AgreeingUser) => {
    const client = new Client({ name: 'oauth', version: '1' });
    const transport = new StreamableHTTPClientTransport(url, { authProvider: user });
    return {
      client,
      connect: () => client.connect(transport),
      finish: () => transport.finishAuth(user.callback().get('code') ?? ''),
    };
  },
  'sdk-2': (url: URL, user: AgreeingUser) => {
    const client = new SuccessorClient({ name: 'oauth', version: '1' });
    const authProvider = user as unknown as SuccessorProvider;
    const transport = new SuccessorTransport(url, { authProvider });
    return {
      client,
      connect: () => client.connect(transport),
      finish: () => transport.finishAuth(user.callback()),
    };
  },
} as const;

async function signIn(t: Test, kind: keyof typeof CLIENTS, url: URL, user: AgreeingUser) {
  const first = CLIENTS[kind](url, user);
  await t.rejects(first.connect(), /Unauthorized/i, 'no token yet');
  await first.finish();
  const { client, connect, finish } = CLIENTS[kind](url, user);
  await connect();
  const session: Session = {
    listTools: () => client.listTools(),
    call: (value) => client.callTool({ name: 'echo', arguments: { value } }),
    finish,
    close: () => client.close(),
  };
  return session;
}

async function start(t: Test, front: 'uws' | 'node') {
  const [authorization, upstream] = [
    await startAuthorizationServer('ana'),
    await startFakeUpstream(),
  ];
  t.teardown(() => authorization.close());
  t.teardown(() => upstream.close());
  const port = await freePort();
  const gateway = await startGateway({
    port,
    config: {
      global: { front, workers: 2, publicUrl: `http://127.0.0.1:${port}` },
      auth: {
        authorizationServers: [authorization.issuer],
        jwt: { issuer: authorization.issuer, jwksUrls: [authorization.jwksUrl], leewaySeconds: 0 },
      },
      servers: {
        fake: {
          url: upstream.url,
          scopes: { required: ['mcp:use'], tools: { echo: ['echo:run'] } },
        },
        other: { url: upstream.url },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  return { authorization, upstream, gateway };
}

const rawCall = (gateway: Gateway, server: string, token: string) =>
  fetch(gateway.endpoint(server), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'raw', version: '1' },
      },
    }),
  });

async function wholeFlow(
  t: Test,
  kind: keyof typeof CLIENTS,
  gateway: Gateway,
  authorization: AuthorizationServer,
): Promise<void> {
  const user = new AgreeingUser();
  // This client answers a step-up challenge by refreshing, when it can, which brings no new scope (SDK 1.32).
  authorization.hasRefreshTokens = kind !== 'sdk-1';
  const session = await signIn(t, kind, new URL(gateway.endpoint('fake')), user);
  t.same(user.askedScopes, ['mcp:use'], 'what the challenge asked for');
  t.match(await session.listTools(), { tools: [{ name: 'echo' }] });

  await t.rejects(session.call('too early'), 'the tool needs a scope more');
  t.same(user.askedScopes.at(-1)?.split(' ').sort(), ['echo:run', 'mcp:use'], 'step-up');
  authorization.hasRefreshTokens = true;
  await session.finish();
  t.match(await session.call('now'), { content: [{ text: '"now"' }] });
  const authorizations = user.askedScopes.length;

  // The token runs out: the client refreshes without its user. Once the issuer has a new key by then, and
  // not twice, because unknown keys are asked for every thirty seconds at most.
  const stale = user.tokens()?.access_token ?? '';
  if (kind === 'sdk-1') authorization.rotateKey();
  await until(async () => (await rawCall(gateway, 'fake', stale)).status === 401 || null, {
    timeoutMs: 60_000,
    what: 'the end of the first token',
  });
  t.match(await session.call('again'), { content: [{ text: '"again"' }] });
  t.not(user.tokens()?.access_token, stale);
  t.equal(user.askedScopes.length, authorizations, 'nobody was asked again');

  const token = user.tokens()?.access_token ?? '';
  t.equal(
    (await rawCall(gateway, 'other', token)).status,
    401,
    'a token for one server is none for another',
  );
  await session.close();
}

for (const front of ['uws', 'node'] as const) {
  t.test(`the ${front} front`, { skip: front === 'uws' && uwsSkip }, async (t) => {
    const { authorization, upstream, gateway } = await start(t, front);

    await t.test('a stranger finds the way', async (t) => {
      const refused = await rawCall(gateway, 'fake', '');
      t.equal(refused.status, 401);
      const challenge = refused.headers.get('www-authenticate') ?? '';
      t.match(challenge, /scope="mcp:use"/);
      const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
      t.same(await (await fetch(metadataUrl)).json(), {
        resource: gateway.endpoint('fake'),
        authorization_servers: [authorization.issuer],
        scopes_supported: ['mcp:use'],
        bearer_methods_supported: ['header'],
      });
      const root = await fetch(`${gateway.url}/.well-known/oauth-protected-resource`);
      t.match(await root.json(), { resource: gateway.url });
    });

    for (const kind of ['sdk-1', 'sdk-2'] as const) {
      await t.test(`a client ${kind} signs in, steps up and refreshes`, async (t) => {
        // It is waited for; on a loaded machine it may run out earlier, and is refreshed then.
        authorization.accessTokenSeconds = 8;
        await wholeFlow(t, kind, gateway, authorization);
      });
    }

    await t.test('no token of a client has reached the server behind', (t) => {
      t.notMatch(JSON.stringify(upstream.requests), /bearer/i);
      t.ok(upstream.executed.length > 0);
      t.end();
    });
    await gateway.stop();
  });
}
