import { readFileSync } from 'node:fs';
import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import verifyTokens from '../../workers/verify-tokens.js';
import { cliFixture } from '../support/cli.js';

t.test('the bare token is printed, and the kept secret verifies it', async (t) => {
  const { run, dir } = cliFixture(t);
  const { code, out } = await run('token', '--user', 'ana', '--servers', 'github');
  t.equal(code, 0);
  const secret = readFileSync(join(dir, 'data', 'jwt-secret'), 'utf8').trim();
  const claims = JSON.parse(Buffer.from(out.split('.')[1] ?? '', 'base64url').toString()) as {
    iat: number;
    exp: number;
  };
  t.equal(claims.exp - claims.iat, 3600, 'an hour, when nothing is said');
  const [verdict] = await verifyTokens({
    tokens: [out.trim()],
    keys: [{ keyId: null, algorithm: 'HS256', key: createSecretKey(Buffer.from(secret)) }],
    rules: { issuer: null, audience: null, leewaySeconds: 0, maxLifetimeSeconds: 3600 },
    nowSeconds: claims.iat,
  });
  t.match(verdict, { ok: true, identity: { user: 'ana', servers: ['github'] } });
});

t.test('a running gateway signs with its own secret', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('token', '--user', 'ana', '--expires', '5m'), { code: 0, out: 'a.b.c\n' });
  t.same(asked, [['mintToken', { user: 'ana', servers: null, expiresInSeconds: 300 }]]);
  t.match(JSON.parse((await run('token', '--user', 'ana', '--json')).out), { token: 'a.b.c' });
});

t.test('a token that the gateway would refuse is not made', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('token', '--user', 'ana', '--expires', '52w'), {
    code: 64,
    err: /from 1 to 86400/,
  });
});
