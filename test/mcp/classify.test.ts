import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { classifyPost, type McpHeaders } from '../../src/mcp/classify.js';
import { scanBody } from '../../src/mcp/scan-message.js';

const ENVELOPE =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
const modernCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"écho",${ENVELOPE}}}`;
const modernHeaders: McpHeaders = {
  protocolVersion: '2026-07-28',
  method: 'tools/call',
  name: `=?base64?${Buffer.from('écho').toString('base64')}?=`,
};
const none: McpHeaders = { protocolVersion: undefined, method: undefined, name: undefined };

function outcome(body: string, headers: Partial<McpHeaders>): string {
  try {
    const post = classifyPost(scanBody(Buffer.from(body)), { ...none, ...headers });
    return post.era === 'modern' ? 'modern' : post.isInitialize ? 'initialize' : 'legacy';
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code;
    throw thrown;
  }
}

const request = (method: string): string => `{"jsonrpc":"2.0","id":1,"method":"${method}"}`;

t.test('the body decides the era, the headers must agree with it', async (t) => {
  const cases: readonly (readonly [string, string, Partial<McpHeaders>, string])[] = [
    ['modern with true headers', modernCall, modernHeaders, 'modern'],
    [
      'version header differs',
      modernCall,
      { ...modernHeaders, protocolVersion: '2025-11-25' },
      'GW_HEADER_MISMATCH',
    ],
    [
      'version header missing',
      modernCall,
      { ...modernHeaders, protocolVersion: undefined },
      'GW_HEADER_MISMATCH',
    ],
    [
      'method header missing',
      modernCall,
      { ...modernHeaders, method: undefined },
      'GW_HEADER_MISMATCH',
    ],
    [
      'method header differs',
      modernCall,
      { ...modernHeaders, method: 'tools/list' },
      'GW_HEADER_MISMATCH',
    ],
    [
      'name header missing',
      modernCall,
      { ...modernHeaders, name: undefined },
      'GW_HEADER_MISMATCH',
    ],
    ['name header differs', modernCall, { ...modernHeaders, name: 'other' }, 'GW_HEADER_MISMATCH'],
    [
      'name header bad base64',
      modernCall,
      { ...modernHeaders, name: '=?base64?%%?=' },
      'GW_HEADER_MISMATCH',
    ],
    [
      'name header bad UTF-8',
      modernCall,
      { ...modernHeaders, name: '=?base64?/w==?=' },
      'GW_HEADER_MISMATCH',
    ],
    [
      'capabilities missing',
      modernCall.replace('"io.modelcontextprotocol/clientCapabilities":{}', '"x":1'),
      modernHeaders,
      'GW_BAD_PARAMS',
    ],
    [
      'version not a string',
      modernCall.replace('"2026-07-28"', '5'),
      modernHeaders,
      'GW_BAD_PARAMS',
    ],
    [
      'a version we do not know is left to the server',
      modernCall.replace('2026-07-28', '2099-01-01'),
      { protocolVersion: '2099-01-01', method: 'tools/call' },
      'modern',
    ],
    [
      'modern header without envelope',
      request('tools/list'),
      { protocolVersion: '2026-07-28' },
      'GW_BAD_PARAMS',
    ],
    [
      'initialize under a modern header',
      request('initialize'),
      { protocolVersion: '2026-07-28' },
      'GW_HEADER_MISMATCH',
    ],
    [
      'posted response under a modern header',
      '{"jsonrpc":"2.0","id":1,"result":{}}',
      { protocolVersion: '2026-07-28' },
      'GW_BAD_REQUEST',
    ],
    ['initialize', request('initialize'), {}, 'initialize'],
    [
      'initialize under any legacy header',
      request('initialize'),
      { protocolVersion: '1999-01-01' },
      'initialize',
    ],
    ['legacy without header', request('tools/list'), {}, 'legacy'],
    ['legacy with header', request('tools/list'), { protocolVersion: '2025-06-18' }, 'legacy'],
    [
      'unknown legacy version',
      request('tools/list'),
      { protocolVersion: '1999-01-01' },
      'GW_SESSION_REQUIRED',
    ],
    ['batch without header', `[${request('tools/list')}]`, {}, 'legacy'],
    [
      'batch in 2025-03-26',
      `[${request('tools/list')}]`,
      { protocolVersion: '2025-03-26' },
      'legacy',
    ],
    [
      'batch in 2025-06-18',
      `[${request('tools/list')}]`,
      { protocolVersion: '2025-06-18' },
      'GW_BAD_REQUEST',
    ],
    ['batch with a modern element', `[${modernCall}]`, {}, 'GW_BAD_REQUEST'],
    [
      'initialize among others in a batch',
      `[${request('initialize')},${request('ping')}]`,
      {},
      'GW_BAD_REQUEST',
    ],
  ];
  for (const [name, body, headers, expected] of cases)
    t.equal(outcome(body, headers), expected, name);
});

t.test('a modern notification needs no method header', async (t) => {
  const body = `{"jsonrpc":"2.0","method":"notifications/x","params":{${ENVELOPE}}}`;
  t.equal(outcome(body, { protocolVersion: '2026-07-28' }), 'modern');
});

t.test('a notification without an envelope is modern where its header says so', async (t) => {
  // As the Go SDK posts it when a call is cancelled: notifications need no _meta.
  const body =
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4,"reason":"timeout"}}';
  const headers = { protocolVersion: '2026-07-28', method: 'notifications/cancelled' };
  t.equal(outcome(body, headers), 'modern');
  t.equal(outcome(body, { protocolVersion: '2026-07-28' }), 'modern');
  t.equal(outcome(body, { ...headers, method: 'tools/call' }), 'GW_HEADER_MISMATCH');
  t.equal(outcome(body, { protocolVersion: '2025-11-25' }), 'legacy');
});

t.test(
  'who sends a name beyond ASCII as it is, of which a front may cut the ends, is told how',
  (t) => {
    t.throws(
      () => classifyPost(scanBody(Buffer.from(modernCall)), { ...modernHeaders, name: 'cho' }),
      { message: /Mcp-Name differs from params\.name\. .*=\?base64\?/ },
    );
    t.end();
  },
);
