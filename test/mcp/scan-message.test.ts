import fc from 'fast-check';
import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { scanBody, scanMessage, spliceValue } from '../../src/mcp/scan-message.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const request = (members: string): Buffer => bytes(`{"jsonrpc":"2.0",${members}}`);

function refusal(body: Buffer): GatewayError {
  try {
    scanBody(body);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error('it was not refused');
}

t.test('finds what the gateway decides upon', async (t) => {
  const message = scanMessage(
    request(
      '"id":"a-1","method":"tools/call","params":{"name":"echo","arguments":{"name":"no","_meta":1},' +
        '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
        '"io.modelcontextprotocol/clientCapabilities":{},"progressToken":7}}',
    ),
  );
  t.match(message, {
    kind: 'request',
    id: 'a-1',
    method: 'tools/call',
    name: 'echo',
    hasEnvelope: true,
    protocolVersion: '2026-07-28',
    hasClientCapabilities: true,
    progressToken: 7,
  });
});

t.test('ranges name the exact bytes, also behind white space', async (t) => {
  const body = bytes('  { "jsonrpc" : "2.0" , "id" : 42 , "method" : "ping" } ');
  const message = scanMessage(body);
  const { start = 0, end = 0 } = message.idRange ?? {};
  t.equal(message.bytes.subarray(start, end).toString(), '42');
  t.same(JSON.parse(spliceValue(message.bytes, { start, end }, 'mine').toString()), {
    jsonrpc: '2.0',
    id: 'mine',
    method: 'ping',
  });
});

t.test('any JSON value inside params is accepted as JSON.parse accepts it', async (t) => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
      const body = bytes(
        `{${space}"jsonrpc":"2.0","id":1,"method":"x",${space}"params":{"value":${json}}}${space}`,
      );
      const message = scanMessage(body);
      const { start, end } = message.paramsRange ?? { start: 0, end: 0 };
      t.same(JSON.parse(message.bytes.subarray(start, end).toString()), {
        value: JSON.parse(json) as unknown,
      });
    }),
  );
});

t.test('text that JSON.parse refuses is refused, and never anything it accepts', async (t) => {
  const alphabet = fc.constantFrom(...'{}[]",:0123456789.-+eEtrufalsn\\ \n\u0001é'.split(''));
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 24, size: 'max' }), (pieces) => {
      const value = pieces.join('');
      const body = bytes(`{"jsonrpc":"2.0","id":1,"method":"x","params":{"v":${value}}}`);
      let parsed: { params?: unknown } | null = null;
      try {
        parsed = JSON.parse(body.toString()) as { params?: unknown };
      } catch {
        parsed = null;
      }
      let wasScanned = true;
      try {
        scanMessage(body);
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown;
        // A value that closes params early may repeat or break a decision key: that is refused too.
        if (thrown.code === 'GW_BAD_REQUEST') return;
        wasScanned = false;
      }
      t.equal(wasScanned, parsed !== null, value);
    }),
    { numRuns: 5000 },
  );
});

t.test('long strings are judged like short ones', async (t) => {
  for (const text of ['x'.repeat(5000), 'é'.repeat(500), '\\n'.repeat(200), '\\\\'.repeat(100)]) {
    t.doesNotThrow(() => scanMessage(request(`"id":1,"method":"m","params":{"a":"${text}"}`)));
  }
  for (const text of [
    `${'x'.repeat(100)}\n`,
    `${'x'.repeat(100)}\\q`,
    `${'x'.repeat(100)}\\u12g4`,
  ]) {
    t.equal(refusal(request(`"id":1,"method":"m","params":{"a":"${text}"}`)).code, 'GW_PARSE');
  }
});

t.test('keys that a laxer reader might take for a decision key are refused', async (t) => {
  const bodies = [
    '"id":1,"id":2,"method":"m"',
    '"id":1,"method":"m","Method":"n"',
    '"id":1,"method":"m","m\\u0065thod":"n"',
    '"id":1,"method":"m","param\u017f":{}',
    '"id":1,"method":"m","params":{"name":"a","NAME":"b"}',
    '"id":1,"method":"m","params":{"name":"a","name":"b"}',
    '"id":1,"method":"m","params":{"_meta":{"progressToken":1,"ProgressToken":2}}',
  ];
  for (const body of bodies) t.equal(refusal(request(body)).code, 'GW_BAD_REQUEST', body);
  t.doesNotThrow(() =>
    scanMessage(request('"id":1,"method":"m","params":{"arguments":{"NAME":1}}')),
  );
});

t.test('ids are strings of at most 256 bytes or safe integers', async (t) => {
  for (const id of ['0', '-1', '9007199254740991', '"x"', '"\\u00e9"']) {
    t.equal(scanMessage(request(`"id":${id},"method":"m"`)).id, JSON.parse(id));
  }
  for (const id of [
    '1.5',
    '1.0',
    '1e3',
    '9007199254740993',
    'true',
    '{}',
    `"${'x'.repeat(300)}"`,
  ]) {
    t.equal(refusal(request(`"id":${id},"method":"m"`)).code, 'GW_BAD_REQUEST', id);
  }
});

t.test('an id that servers would answer with in another spelling is no id', async (t) => {
  for (const id of ['"\\ud800"', '"a\\udfff-1"', '"\\udc00\\ud800"']) {
    t.equal(refusal(request(`"id":${id},"method":"m"`)).code, 'GW_BAD_REQUEST', id);
  }
  t.equal(scanMessage(request('"id":"\\ud83d\\ude00","method":"m"')).id, '\u{1f600}');
});

t.test('a refusal names the id that was read before the fault', async (t) => {
  t.equal(refusal(request('"id":"mine","method":5')).options.data?.['id'], 'mine');
});

t.test('shape faults are told apart from syntax faults', async (t) => {
  for (const body of ['[]', '5', '"x"', '{}', '{"jsonrpc":"1.0","id":1,"method":"m"}']) {
    t.equal(refusal(bytes(body)).code, 'GW_BAD_REQUEST', body);
  }
  t.equal(refusal(request('"id":1,"method":"m","result":{}')).code, 'GW_BAD_REQUEST');
  t.equal(refusal(request('"id":1,"method":"m","params":[]')).code, 'GW_BAD_REQUEST');
  for (const body of [
    '',
    '{',
    '{"jsonrpc":"2.0","method":"m"} x',
    '{"jsonrpc":"2.0",}',
    '\u00ef',
  ]) {
    t.equal(refusal(bytes(body)).code, 'GW_PARSE', body);
  }
  t.equal(refusal(Buffer.from([0x22, 0xff, 0x22])).code, 'GW_PARSE');
});

t.test('depth and number of values are bounded', async (t) => {
  const deep = `${'['.repeat(70)}${']'.repeat(70)}`;
  t.equal(refusal(request(`"id":1,"method":"m","params":{"a":${deep}}`)).code, 'GW_BAD_REQUEST');
  const wide = `[${'0,'.repeat(100_001)}0]`;
  t.equal(refusal(request(`"id":1,"method":"m","params":{"a":${wide}}`)).code, 'GW_BAD_REQUEST');
  t.equal(refusal(bytes('['.repeat(200_000))).code, 'GW_BAD_REQUEST');
});

t.test('messages of a batch have bytes and ranges of their own', async (t) => {
  const scanned = scanBody(
    bytes('[{"jsonrpc":"2.0","id":1,"method":"a"}, {"jsonrpc":"2.0","id":"two","method":"b"}]'),
  );
  t.ok(scanned.isBatch);
  if (!scanned.isBatch) return;
  const [, second] = scanned.messages;
  t.equal(second?.bytes.toString(), '{"jsonrpc":"2.0","id":"two","method":"b"}');
  const { start = 0, end = 0 } = second?.idRange ?? {};
  t.equal(second?.bytes.subarray(start, end).toString(), '"two"');
});

t.test('responses are told by their id and outcome', async (t) => {
  t.match(scanMessage(request('"id":3,"error":{"code":1,"message":"x"}')), {
    kind: 'response',
    id: 3,
    isError: true,
  });
  t.match(scanMessage(request('"id":null,"error":{}')), { kind: 'response', id: null });
  t.match(scanMessage(request('"method":"notifications/cancelled","params":{"requestId":9}')), {
    kind: 'notification',
    cancelledId: 9,
  });
});
