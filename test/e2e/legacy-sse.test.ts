/** A server of revision 2024-11-05 over HTTP+SSE, used by today's clients through the gateway. */
import t from 'tap';
import { startLegacySseServer } from '../support/legacy-sse-server.js';
import { CLIENT_KINDS, connectClient } from '../support/mcp-clients.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.test("today's clients use an old server, and find it again when it is back", async (t) => {
  const first = await startLegacySseServer();
  t.teardown(() => first.close());
  const headers = { 'x-api-key': 'operator' };
  const gateway = await startGateway({
    config: { global: { workers: 1 }, servers: { old: { url: first.url, headers } } },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const connect = () => connectClient('sdk-1', gateway.endpoint('old'), key);

  for (const kind of CLIENT_KINDS) {
    const client = await connectClient(kind, gateway.endpoint('old'), key);
    t.same(await client.listTools(), ['echo', 'work', 'wait'], kind);
    t.equal(await client.callTool('echo', { text: kind }), kind);
    await client.close();
  }
  t.ok(first.seen.length > 0);
  for (const { verb, headers } of first.seen) {
    t.equal(headers['x-api-key'], 'operator', verb);
    t.equal(headers.authorization, undefined, "the client's key stays at the gateway");
  }

  const lost = await connect();
  await first.close();
  await t.rejects(lost.callTool('echo', { text: 'lost' }), 'its session went with the server');
  const second = await startLegacySseServer(first.port);
  t.teardown(() => second.close());
  const back = await until(() => connect().catch(() => null), {
    timeoutMs: 60_000,
    everyMs: 200,
    what: 'a session with the server that is back',
  });
  t.equal(await back.callTool('echo', { text: 'back' }), 'back');
  await back.close();
});
