import t from 'tap';
import fc from 'fast-check';
import { scanMessage } from '../../src/mcp/scan-message.js';
import { onOneLine, spliceValues } from '../../src/mcp/splice.js';

t.test('edits replace their values and leave every other byte as it came', (t) => {
  const text =
    '{ "params":{"_meta":{ "progressToken" : "p" },"big":12345678901234567890,"x":1.0}, "id":7,"method":"m","jsonrpc":"2.0"}';
  const message = scanMessage(Buffer.from(text));
  const { idRange, progressTokenRange } = message;
  if (idRange === null || progressTokenRange === null) throw new Error('not scanned');
  const changed = spliceValues(message.bytes, [
    { range: idRange, value: 'long "id"' },
    { range: progressTokenRange, value: 42 },
  ]);
  t.equal(changed.toString(), text.replace('"p"', '42').replace('"id":7', '"id":"long \\"id\\""'));
  t.end();
});

t.test('an id spliced in and spliced back gives the same bytes', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer(), fc.string({ maxLength: 60 })),
      fc.integer({ min: 1 }),
      fc.json({ maxDepth: 3 }),
      (clientId, ourId, result) => {
        const text = `{"jsonrpc":"2.0","id":${JSON.stringify(clientId)},"result":${result}}`;
        const message = scanMessage(Buffer.from(text));
        if (message.idRange === null) return false;
        const ours = spliceValues(message.bytes, [{ range: message.idRange, value: ourId }]);
        const again = scanMessage(ours);
        if (again.idRange === null || again.id !== ourId) return false;
        const back = spliceValues(ours, [{ range: again.idRange, value: clientId }]);
        return back.toString() === text;
      },
    ),
  );
  t.end();
});

t.test('a message on several lines becomes one line with the same meaning', (t) => {
  const pretty = Buffer.from(JSON.stringify({ a: 'x\ny', b: [1, 2] }, null, 2).replace('{', '{\r'));
  const line = onOneLine(pretty).toString();
  t.notMatch(line, /[\r\n]/);
  t.same(JSON.parse(line), { a: 'x\ny', b: [1, 2] });
  t.ok(pretty.includes('\n'), 'the original is not changed');
  const plain = Buffer.from('{}');
  t.equal(onOneLine(plain), plain, 'nothing is copied without need');
  t.end();
});
