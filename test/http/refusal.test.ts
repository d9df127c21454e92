import t from 'tap';
import { refusalReply } from '../../src/http/refusal.js';

t.test('a refusal names its code, says what to do and can be found in the log', (t) => {
  const reply = refusalReply({
    code: 'GW_METHOD_NOT_ALLOWED',
    hint: 'Use POST.',
    headers: { allow: 'POST' },
  });
  t.equal(reply.status, 405);
  const requestId = reply.headers['x-request-id'];
  t.match(requestId, /^[0-9a-f]{12}-/);
  t.same(reply.headers, {
    'content-type': 'application/json',
    'x-request-id': requestId,
    allow: 'POST',
  });
  t.same(JSON.parse(String(reply.body)), {
    jsonrpc: '2.0',
    id: null,
    error: {
      code: -32000,
      message: 'This HTTP method is not allowed here. Use POST.',
      data: { reason: 'GW_METHOD_NOT_ALLOWED', requestId },
    },
  });
  t.end();
});

t.test('without a hint the message is the table\u2019s', (t) => {
  const reply = refusalReply({ code: 'GW_LENGTH_REQUIRED' });
  t.match(JSON.parse(String(reply.body)), {
    error: { code: -32600, message: 'The request needs a Content-Length.' },
  });
  t.end();
});
