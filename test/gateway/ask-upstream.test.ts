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
