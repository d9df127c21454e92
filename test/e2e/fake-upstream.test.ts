/** The fake upstream does what it says: a test of the gateway is worth no more than its upstream. */
import { Agent } from 'node:http';
import t from 'tap';
import { startFakeUpstream, type Behaviour } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { CLIENT_KINDS, connectClient } from '../support/mcp-clients.js';
import { rawRequest } from '../support/raw-http.js';

const upstream = await startFakeUpstream();
t.teardown(() => upstream.close());
const call = (value: unknown, signal?: AbortSignal) =>
  rpc({
    url: upstream.url,
    ...modernCall(7, 'echo', { value }),
    ...(signal === undefined ? {} : { signal }),
  });
const as = (behaviour: Behaviour): void => {
  upstream.forget();
  upstream.onCall(() => behaviour);
};

for (const kind of CLIENT_KINDS) {
  t.test(`a client ${kind} finds a proper server`, async (t) => {
    as({ kind: 'answer' });
    const client = await connectClient(kind, upstream.url, 'any');
    t.strictSame(await client.listTools(), ['echo']);
    t.equal(await client.callTool('echo', { value: 'x' }), '"x"');
    await client.close();
    const version = upstream.requests.at(-1)?.headers['mcp-protocol-version'];
    t.equal(version, kind === 'sdk-2' ? '2026-07-28' : '2025-11-25');
  });
}

t.test('it counts what it serves at once and what it executed', async (t) => {
  as({ kind: 'answer', delayMs: 50 });
  const agent = new Agent({ keepAlive: true });
  const values = Array.from({ length: 1000 }, (_, i) => i);
  const replies = await Promise.all(
    values.map((value) => rpc({ url: upstream.url, agent, ...modernCall(1, 'echo', { value }) })),
  );
  agent.destroy();
  t.strictSame(
    replies.map(({ message }) => Number(message?.result?.content?.[0]?.text)),
    values,
  );
  t.equal(upstream.executed.length, 1000);
  t.ok(upstream.maxInFlight() > 100, `${upstream.maxInFlight()} at once`);
});

t.test('it answers as JSON, as an event stream, or wrongly', async (t) => {
  as({ kind: 'answer', as: 'sse' });
  const streamed = await call(1);
  t.match(streamed.headers['content-type'], 'text/event-stream');
  t.equal(streamed.message?.id, 7);
  as({ kind: 'wrong-id' });
  t.equal((await call(1)).message?.id, 'not-7');
  as({ kind: 'error', code: -32000, message: 'no' });
  t.strictSame((await call(1)).message?.error, { code: -32000, message: 'no' });
  as({ kind: 'garbage' });
  t.equal((await call(1)).message, undefined);
  as({ kind: 'huge', bytes: 300_000 });
  t.equal((await call(1)).message?.result?.content?.[0]?.text?.length, 300_000);
  as({ kind: 'redirect', location: 'http://169.254.169.254/' });
  t.equal((await call(1)).status, 302);
  as({ kind: 'status', status: 503 });
  t.equal((await call(1)).status, 503);
  as({ kind: 'gzip-bomb' });
  t.equal((await call(1)).headers['content-encoding'], 'gzip');
});

t.test('it resets, before and in the middle of an answer', async (t) => {
  as({ kind: 'reset' });
  await t.rejects(call(1), { code: 'ECONNRESET' });
  as({ kind: 'reset-mid-stream' });
  await t.rejects(call(1), { code: 'ECONNRESET' });
});

t.test('a call whose client leaves is neither executed nor in flight', async (t) => {
  for (const kind of ['hang', 'hang-mid-stream'] as const) {
    as({ kind });
    const left = new AbortController();
    const gone = call(1, left.signal);
    await upstream.untilCalls(1);
    t.equal(upstream.inFlight(), 1);
    left.abort();
    await t.rejects(gone);
    as({ kind: 'answer' });
    await call(2);
    t.equal(upstream.inFlight(), 0);
    t.strictSame(upstream.executed, [2]);
  }
});

t.test('a server of one era answers the other as such servers do', async (t) => {
  const legacy = await startFakeUpstream({ eras: ['legacy'] });
  t.teardown(() => legacy.close());
  const refused = await rpc({ url: legacy.url, ...modernCall(1, 'echo', {}) });
  t.equal(refused.message?.error?.code, -32000);
  const client = await connectClient('sdk-2', legacy.url, 'any');
  t.equal(await client.callTool('echo', { value: 1 }), '1');
  await client.close();

  const modern = await startFakeUpstream({ eras: ['modern'] });
  t.teardown(() => modern.close());
  await t.rejects(connectClient('sdk-1', modern.url, 'any'));
});

t.test('bytes are sent as they are, and replies read to their end', async (t) => {
  const reply = await rawRequest(
    upstream.port,
    'POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
  );
  t.equal(reply.status, 202);
  const broken = await rawRequest(upstream.port, 'POST /mcp HTTP/1.1\r\nbad line\r\n\r\n');
  t.equal(broken.status, 400);
  t.ok(broken.isClosed);
});
