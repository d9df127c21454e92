/**
 * A server that wants an OAuth token of the gateway's own: fetched once for many calls, replaced when the server
 * refuses it or it is about to end, never seen anywhere, and its issuer's failure told for what it is.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import t from 'tap';
import jsonwebtoken from 'jsonwebtoken';
import { startAuthorizationServer } from '../support/authorization-server.js';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(280_000);

const SECRET = 'machine secret';
const FIRST_CALLS = 20;
const DEADLINE = { timeoutMs: 60_000, everyMs: 100 };

t.test('the gateway proves itself to a server with a token of its own', async (t) => {
  const [authorization, upstream] = [
    await startAuthorizationServer('gateway'),
    await startFakeUpstream(),
  ];
  t.teardown(() => authorization.close());
  t.teardown(() => upstream.close());
  const { keys } = (await (await fetch(authorization.jwksUrl)).json()) as { keys: JsonWebKey[] };
  const [jwk = {}] = keys;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const accepted = new Set<string>();
  const withdrawn = new Set<string>();
  let refusals = 0;
  upstream.onRequest(({ headers }) => {
    const token = (headers.authorization ?? '').replace(/^Bearer /, '');
    try {
      if (withdrawn.has(token)) throw new Error('withdrawn');
      const { issuer } = authorization;
      const expected = { issuer, audience: upstream.url, clockTolerance: 3 };
      jsonwebtoken.verify(token, key, { algorithms: ['ES256'], ...expected });
      accepted.add(token);
      return undefined;
    } catch {
      refusals += 1;
      return { kind: 'status', status: 401 };
    }
  });
  const gateway = await startGateway({
    config: {
      global: { workers: 1, healthCheckInterval: 1000 },
      servers: {
        mail: {
          url: upstream.url,
          oauth: {
            tokenUrl: authorization.tokenUrl,
            clientId: 'gateway',
            clientSecret: '${MAIL_SECRET}',
            scopes: ['mail:read'],
          },
        },
      },
    },
    env: { MAIL_SECRET: SECRET },
  });
  t.teardown(() => gateway.destroy());
  const user = await gateway.makeKey('ana');
  const answers: string[] = [];
  const call = async (value: unknown) => {
    const url = gateway.endpoint('mail');
    const reply = await rpc({ url, key: user, ...modernCall(1, 'echo', { value }) });
    answers.push(reply.text);
    return reply;
  };
  const asked = () => authorization.grants.length;

  await t.test('many first calls wait for one token', async (t) => {
    const values = Array.from({ length: FIRST_CALLS }, (_, n) => n);
    const replies = await Promise.all(values.map(call));
    t.same([...new Set(replies.map(({ status }) => status))], [200]);
    t.equal(asked(), 1);
    t.equal(accepted.size, 1);
    t.same(
      [...authorization.grants].map((grant) => [grant.get('resource'), grant.get('scope')]),
      [[upstream.url, 'mail:read']],
    );
  });

  await t.test(
    'a token that the server refuses is replaced, once, and no call is lost',
    async (t) => {
      upstream.forget();
      authorization.accessTokenSeconds = 20;
      for (const token of accepted) withdrawn.add(token);
      // A token younger than some seconds is not replaced: it would not be the token's fault.
      const renewed = await until(
        async () => {
          const reply = await call('after');
          return reply.status === 200 ? reply : false;
        },
        { ...DEADLINE, what: 'a new token' },
      );
      t.equal(renewed.status, 200);
      t.equal(asked(), 2);
      t.same(upstream.executed, ['after'], 'executed once');
    },
  );

  await t.test('it is renewed before its end: the server never sees a stale one', async (t) => {
    const [before, refused] = [asked(), refusals];
    await until(
      async () => {
        t.equal((await call('on')).status, 200);
        return asked() > before;
      },
      { ...DEADLINE, what: 'a renewal' },
    );
    t.equal(refusals, refused);
  });

  await t.test('while the issuer is down it is said so, and over when it is back', async (t) => {
    authorization.isDown = true;
    for (const token of accepted) withdrawn.add(token);
    const failed = await until(
      async () => {
        const reply = await call('away');
        return /no access token/.test(reply.text) ? reply : false;
      },
      { ...DEADLINE, what: 'an error about the token' },
    );
    t.equal(failed.status, 502);
    t.match(failed.message?.error?.data, { reason: 'GW_UPSTREAM_UNREACHABLE' });
    const health = await until(
      async () => {
        const document = JSON.stringify(await gateway.json('/health'));
        return /Server mail fails|circuit of server mail/.test(document) ? document : false;
      },
      { ...DEADLINE, what: 'a health that says so' },
    );
    t.match(health, '"degraded"');
    authorization.isDown = false;
    await until(async () => (await call('back')).status === 200, { ...DEADLINE, what: 'the end' });
  });

  await t.test('neither secret nor tokens are to be seen anywhere', async (t) => {
    const pages = ['/health', '/metrics', '/'];
    const seen = [
      await gateway.logs(),
      ...answers,
      ...(await Promise.all(pages.map(async (page) => JSON.stringify(await gateway.json(page))))),
      (await gateway.cli(['servers', 'list', '--json'])).output,
      (await gateway.cli(['validate'])).output,
    ].join('\n');
    const basic = Buffer.from('gateway:machine+secret').toString('base64');
    for (const hidden of [SECRET, 'machine+secret', basic, ...accepted]) {
      t.notOk(seen.includes(hidden), `${hidden.slice(0, 12)}…`);
    }
    t.ok(accepted.size >= 3);
  });
});
