import t from 'tap';
import { modernStatus } from '../../src/mcp/modern-status.js';
import { scanMessage } from '../../src/mcp/scan-message.js';

const statusOf = (message: object): number =>
  modernStatus(scanMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }))));
const error = (code: number, message = '', data?: object): number =>
  statusOf({ error: { code, message, ...(data === undefined ? {} : { data }) } });

t.test('errors of the protocol have a status, errors of handlers are an answer', (t) => {
  t.equal(statusOf({ result: {} }), 200);
  t.equal(error(-32601), 404);
  t.equal(error(-32020), 400);
  t.equal(error(-32021), 400);
  t.equal(error(-32022), 400);
  for (const code of [-32602, -32603, -32002, -32600, -32700, 1]) t.equal(error(code), 200);
  t.end();
});

t.test('invalid parameters are a bad request only when they are the envelope', (t) => {
  t.equal(error(-32602, 'Invalid _meta envelope for protocol revision 2026-07-28: x'), 400);
  t.equal(error(-32602, 'Request is missing the required _meta envelope'), 400);
  t.equal(error(-32602, 'bad', { envelope: { key: 'k' } }), 400);
  t.equal(error(-32602, 'Unknown tool', { tool: 'x' }), 200);
  t.end();
});
