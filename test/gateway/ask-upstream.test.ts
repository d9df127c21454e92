import t from 'tap';
import { askUpstream } from '../../src/gateway/ask-upstream.js';
import { FakeTransport } from '../support/fake-transport.js';

const question = {
  method: 'POST',
  headers: [],
  message: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  timeoutMs: 10_000,
} as const;

t.test('an answer may be cut anywhere, also within a character', async (t) => {
  const answer = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'größe_€_😀' }] } };
  const events = Buffer.from(`event: message\ndata: ${JSON.stringify(answer)}\n\n`);
  for (let at = 1; at < events.length; at += 1) {
    const transport = new FakeTransport();
    const asked = askUpstream(transport, question);
    const call = await transport.call();
    call.beginEvents();
    call.handler.onData(events.subarray(0, at));
    call.handler.onData(events.subarray(at));
    t.same((await asked).message, answer);
  }
});

t.test('a stream of many events is read once, not once an event', async (t) => {
  const transport = new FakeTransport();
  const asked = askUpstream(transport, question);
  const call = await transport.call();
  call.beginEvents();
  const parse = JSON.parse.bind(JSON);
  let parses = 0;
  t.intercept(JSON, 'parse', {
    value: (text: string) => {
      parses += 1;
      return parse(text) as unknown;
    },
  });
  for (let i = 0; i < 500; i += 1) call.event({ jsonrpc: '2.0', method: 'notifications/progress' });
  t.equal(parses, 500);
  call.event({ jsonrpc: '2.0', id: 1, result: {} });
  t.match((await asked).message, { result: {} });
});

t.test('an answer is bounded, in events and as JSON', async (t) => {
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (const type of ['text/event-stream', 'application/json']) {
    const transport = new FakeTransport();
    const asked = askUpstream(transport, question);
    const refused = t.rejects(asked, { code: 'GW_UPSTREAM_PROTOCOL', message: /too long/ });
    const call = await transport.call();
    call.handler.onHead(200, ['content-type', type]);
    for (let i = 0; i < 5; i += 1) call.handler.onData(megabyte);
    await refused;
    t.ok(call.isAborted);
  }
});
