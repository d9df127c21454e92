import t from 'tap';
import fc from 'fast-check';
import { paramHeaderFault, paramHeadersOf } from '../../src/mcp/param-headers.js';

const mark = (name: unknown, type: unknown = 'string'): object => ({ type, 'x-mcp-header': name });
const schema = (properties: object, more: object = {}): object => ({
  type: 'object',
  properties,
  ...more,
});

t.test('marked properties are found at any depth of properties', (t) => {
  const found = paramHeadersOf(
    schema({
      region: mark('Region'),
      deep: schema({ count: mark('Count', 'integer'), flag: mark('Flag', 'boolean') }),
      plain: { type: 'string' },
    }),
  );
  t.same(found, [
    { path: ['region'], name: 'Region', isNumeric: false },
    { path: ['deep', 'count'], name: 'Count', isNumeric: true },
    { path: ['deep', 'flag'], name: 'Flag', isNumeric: false },
  ]);
  t.end();
});

t.test('one mark against the rules makes the tool want no header', (t) => {
  const good = { good: mark('Good') };
  const bad: readonly (readonly [string, object])[] = [
    ['empty name', schema({ ...good, x: mark('') })],
    ['not a token', schema({ ...good, x: mark('a b') })],
    ['line break', schema({ ...good, x: mark('a\r\nb') })],
    ['not a string', schema({ ...good, x: mark(1) })],
    ['an object', schema({ ...good, x: mark('X', 'object') })],
    ['no type', schema({ ...good, x: { 'x-mcp-header': 'X' } })],
    ['same but for case', schema({ ...good, x: mark('gOOD') })],
    ['the root', schema(good, { 'x-mcp-header': 'Root' })],
    ['in items', schema({ ...good, x: { type: 'array', items: mark('X') } })],
    ['in oneOf', schema(good, { oneOf: [schema({ x: mark('X') })] })],
    ['in $defs', schema(good, { $defs: { d: schema({ x: mark('X') }) } })],
    ['in patternProperties', schema(good, { patternProperties: { '^a': mark('X') } })],
    ['deep in not', schema({ ...good, x: schema({}, { not: schema({ y: mark('X') }) }) })],
  ];
  for (const [what, inputSchema] of bad) t.same(paramHeadersOf(inputSchema), [], what);
  t.end();
});

t.test('a property that is called x-mcp-header is no mark', (t) => {
  const found = paramHeadersOf(
    schema({ a: mark('A'), list: { items: schema({ 'x-mcp-header': {} }) } }),
  );
  t.equal(found.length, 1);
  t.end();
});

t.test('schemas of any shape are survived', (t) => {
  for (const each of [null, 1, 'x', [], { properties: 3 }]) t.same(paramHeadersOf(each), []);
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('properties', 'items', 'x-mcp-header', 'type', 'a') }),
      (value) => {
        paramHeadersOf(value);
      },
    ),
  );
  t.end();
});

const declared = paramHeadersOf(
  schema({
    region: mark('Region'),
    n: mark('N', 'integer'),
    on: mark('On', 'boolean'),
    in: schema({ x: mark('X') }),
  }),
);
const fault = (args: unknown, headers: Record<string, string>): string | null =>
  paramHeaderFault(declared, args, (name) => headers[name]);

t.test('each argument must be repeated by its header', (t) => {
  t.equal(fault({ region: 'eu' }, { 'mcp-param-region': 'eu' }), null);
  t.equal(fault({ region: 'eu' }, { 'mcp-param-region': ' eu\t' }), null, 'optional white space');
  t.equal(fault({ region: 'eu' }, {}), 'Mcp-Param-Region is missing.');
  t.match(
    fault({ region: 'eu' }, { 'mcp-param-region': 'EU' }),
    /differs from the argument "region"/,
  );
  t.match(fault({ in: { x: 'a' } }, { 'mcp-param-x': 'b' }), /"in\.x"/);
  t.equal(fault({ on: true }, { 'mcp-param-on': 'true' }), null);
  t.match(fault({ on: true }, { 'mcp-param-on': '1' }), /differs/);
  t.end();
});

t.test('who sends what a header cannot carry is told how it is encoded', (t) => {
  for (const city of ['Zürich', 'New York ', 'a\tb']) {
    t.match(fault({ region: city }, { 'mcp-param-region': 'x' }), /differs .*=\?base64\?/, city);
  }
  t.notMatch(fault({ region: 'New York' }, { 'mcp-param-region': 'x' }), /base64/);
  t.end();
});

t.test('absent and null arguments need no header, and a header without argument is let be', (t) => {
  t.equal(fault({}, { 'mcp-param-region': 'eu' }), null);
  t.equal(fault({ region: null, in: null }, {}), null);
  t.equal(fault(undefined, {}), null);
  t.equal(fault({ region: ['eu'] }, {}), null, 'the tool itself refuses a wrong type');
  t.end();
});

t.test('base64 values are decoded, malformed ones refused, half-marked ones literal', (t) => {
  const hello = Buffer.from('Hellö').toString('base64');
  t.equal(fault({ region: 'Hellö' }, { 'mcp-param-region': `=?base64?${hello}?=` }), null);
  t.match(
    fault({ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }),
    /not valid base64/,
  );
  t.match(
    fault({ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVs!!!bG8=?=' }),
    /not valid/,
  );
  t.match(
    fault({ region: 'x' }, { 'mcp-param-region': '=?base64?/w==?=' }),
    /not valid/,
    'not UTF-8',
  );
  t.equal(fault({ region: hello }, { 'mcp-param-region': hello }), null);
  t.equal(fault({ region: '=?base64?SGk=' }, { 'mcp-param-region': '=?base64?SGk=' }), null);
  t.end();
});

t.test('integers compare as numbers, and unsafe ones are not judged', (t) => {
  t.equal(fault({ n: 42 }, { 'mcp-param-n': '42' }), null);
  t.equal(fault({ n: 42 }, { 'mcp-param-n': '42.0' }), null);
  t.match(fault({ n: 42 }, { 'mcp-param-n': '0x2a' }), /differs/);
  t.match(fault({ n: 42 }, { 'mcp-param-n': '43' }), /differs/);
  t.equal(fault({ n: 2 ** 60 }, {}), null);
  t.end();
});
