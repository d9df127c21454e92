/** The master key is rotated: nothing is lost, and it is told when the former one may go. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { CLI, gatewayEnvironment, startGateway, type Gateway } from '../support/start-gateway.js';
import { within } from '../support/until.js';

t.setTimeout(280_000);

const [FORMER, PRESENT] = [
  'former-master-key-of-the-test-000000',
  'present-master-key-of-the-test-11111',
];

/** Its value comes on standard input. */
async function setCredential(gateway: Gateway): Promise<void> {
  const env = { ...process.env, ...gatewayEnvironment(gateway.files, gateway.port) };
  const child = spawn(process.execPath, [CLI, 'credentials', 'set', 'mail', '--user', 'ana'], {
    env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end('s3cret\n');
  t.same(await within(60_000, 'credentials set', once(child, 'exit')), [0, null]);
}

interface KeyFacts {
  readonly id: string;
  readonly user: string;
}

t.test(
  'keys, credentials and added servers change over, and then the former key may go',
  async (t) => {
    const upstream = await startFakeUpstream();
    t.teardown(() => upstream.close());
    const credential = { header: 'x-user-token' };
    const config = { global: { workers: 1 }, servers: { mail: { url: upstream.url, credential } } };
    const first = await startGateway({ config, env: { MULTI_MCP_MASTER_KEY: FORMER } });
    t.teardown(() => first.destroy());
    const DATA_DIR = first.files.dataDir;
    const start = async (env: Readonly<Record<string, string>>) => {
      const gateway = await startGateway({ config, env: { DATA_DIR, ...env } });
      t.teardown(() => gateway.destroy());
      return gateway;
    };
    const key = await first.makeKey('ana');
    // The first key of the gateway would need the former master key for as long as nobody uses it.
    const listed = JSON.parse((await first.cli(['keys', 'list', '--json'])).stdout) as KeyFacts[];
    const unused = listed.find(({ user }) => user === 'admin');
    t.equal((await first.cli(['keys', 'revoke', unused?.id ?? ''])).code, 0);
    t.equal((await first.cli(['servers', 'add', 'notes', '--url', upstream.url])).code, 0);
    await setCredential(first);
    t.equal((await first.stop()).code, 0);

    const env = { MULTI_MCP_MASTER_KEY: PRESENT, MULTI_MCP_MASTER_KEY_PREVIOUS: FORMER };
    const rotating = await start(env);
    t.match(
      (await rotating.cli(['status'])).stdout,
      /1 API keys, 1 credentials, 1 servers still need it: keep it/,
    );
    t.match((await rotating.cli(['keys', 'list'])).stdout, /ana .*active, former master key/);
    for (const server of ['mail', 'notes']) {
      const url = rotating.endpoint(server);
      const reply = await rpc({ url, key, ...modernCall(1, 'echo', { value: server }) });
      t.equal(reply.status, 200, reply.text);
    }
    t.ok(upstream.requests.some(({ headers }) => headers['x-user-token'] === 's3cret'));
    const rotated = await rotating.cli(['credentials', 'rotate']);
    t.match(rotated.stdout, /credentials: 1 sealed anew[^]*servers: 1 sealed anew/);
    t.equal((await rotating.stop()).code, 0, 'workers write what they still hold when they end');

    const done = await start(env);
    t.match(
      (await done.cli(['status'])).stdout,
      /0 API keys, 0 .* 0 servers still need it: it may go/,
    );
    t.equal((await done.stop()).code, 0);
    const after = await start({ MULTI_MCP_MASTER_KEY: PRESENT });
    upstream.forget();
    for (const server of ['mail', 'notes']) {
      const url = after.endpoint(server);
      const reply = await rpc({ url, key, ...modernCall(1, 'echo', { value: server }) });
      t.equal(reply.status, 200, reply.text);
    }
    t.notMatch((await after.cli(['status'])).stdout, /former/);
  },
);
