import t from 'tap';
import {
  asksForLogs,
  errorCodeOf,
  memberOf,
  paramsOf,
  subscriptionIdOf,
} from '../../src/mcp/message-members.js';
import { scanMessage, type ScannedMessage } from '../../src/mcp/scan-message.js';

const scan = (message: object): ScannedMessage =>
  scanMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
const withMeta = (_meta: object): ScannedMessage =>
  scan({ id: 1, method: 'tools/call', params: { _meta } });

t.test('only own members of objects are members', (t) => {
  t.equal(memberOf({ a: 1 }, 'a'), 1);
  t.equal(memberOf({}, 'toString'), undefined);
  t.equal(memberOf(null, 'a'), undefined);
  t.equal(memberOf('text', 'length'), undefined);
  t.end();
});

t.test('the code of an error is read, and nothing is taken for one', (t) => {
  t.equal(errorCodeOf(scan({ id: 1, error: { code: -32601, message: '' } })), -32601);
  t.equal(errorCodeOf(scan({ id: 1, error: { code: 'x' } })), null);
  t.equal(errorCodeOf(scan({ id: 1, result: { code: -32601 } })), null);
  t.end();
});

t.test('logs are wanted only by a logLevel that stands directly in _meta', (t) => {
  const key = 'io.modelcontextprotocol/logLevel';
  t.equal(asksForLogs(withMeta({ [key]: 'info' })), true);
  t.equal(asksForLogs(withMeta({ [key]: 1 })), false);
  t.equal(asksForLogs(withMeta({ inner: { [key]: 'info' } })), false);
  t.equal(asksForLogs(withMeta({ note: key })), false);
  t.equal(asksForLogs(scan({ id: 1, method: 'm' })), false);
  t.end();
});

t.test('the subscription of a notification is an id or none', (t) => {
  const key = 'io.modelcontextprotocol/subscriptionId';
  t.equal(subscriptionIdOf(withMeta({ [key]: 5 })), 5);
  t.equal(subscriptionIdOf(withMeta({ [key]: 'a' })), 'a');
  t.equal(subscriptionIdOf(withMeta({ [key]: null })), null);
  t.equal(subscriptionIdOf(withMeta({})), null);
  t.end();
});

t.test('params are parsed where there are any', (t) => {
  t.same(paramsOf(scan({ method: 'm', params: { a: [1] } })), { a: [1] });
  t.equal(paramsOf(scan({ method: 'm' })), undefined);
  t.end();
});
