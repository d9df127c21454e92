import t from 'tap';
import { z } from 'zod';
import { compileCheck } from '../../src/host/argument-check.js';

const OBJECT = {
  type: 'object',
  properties: { n: { type: 'integer', minimum: 1 } },
  required: ['n'],
  additionalProperties: false,
} as const;

t.test('a plain JSON Schema is shown as it is and checked', async (t) => {
  const { jsonSchema, check } = compileCheck(OBJECT);
  t.equal(jsonSchema, OBJECT);
  t.strictSame(await check({ n: 1 }), { isValid: true, value: { n: 1 } });
  t.match(await check({ n: 0 }), { isValid: false, problems: 'n: must be >= 1' });
  t.match(await check({}), { isValid: false, problems: /required property 'n'/ });
  t.match(await check({ n: 1, x: 2 }), { isValid: false, problems: /additional.*"x"/ });
});

t.test('both current dialects are understood', async (t) => {
  const modern = compileCheck({
    type: 'object',
    properties: { pair: { prefixItems: [{ type: 'string' }], items: false } },
  });
  t.match(await modern.check({ pair: ['a', 'b'] }), { isValid: false });
  const old = compileCheck({
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { pair: { items: [{ type: 'string' }], additionalItems: false } },
  });
  t.match(await old.check({ pair: ['a', 'b'] }), { isValid: false });
  t.match(await old.check({ pair: ['a'] }), { isValid: true });
});

t.test('a format is a remark and refuses nothing', async (t) => {
  const { check } = compileCheck({
    type: 'object',
    properties: { at: { type: 'string', format: 'date-time' } },
  });
  t.match(await check({ at: 'tomorrow' }), { isValid: true });
});

t.test('two schemas may have the same $id', (t) => {
  const schema = { $id: 'same', type: 'object' };
  compileCheck({ ...schema });
  t.doesNotThrow(() => compileCheck({ ...schema }));
  t.end();
});

t.test('a schema that cannot be compiled says so', (t) => {
  t.throws(() => compileCheck({ type: 'objekt' }), /type/);
  t.throws(() => compileCheck({ $ref: 'https://example.com/schema.json' }), /resolve/);
  t.end();
});

t.test('a zod schema is shown as JSON Schema, and its value is what it makes of it', async (t) => {
  const { jsonSchema, check } = compileCheck(
    z.object({ name: z.string().trim(), limit: z.number().default(10) }),
  );
  t.match(jsonSchema, { type: 'object', properties: { name: { type: 'string' } } });
  t.strictSame(jsonSchema['required'], ['name'], 'as a caller sees it');
  t.strictSame(await check({ name: ' x ' }), { isValid: true, value: { name: 'x', limit: 10 } });
  t.match(await check({ name: 1 }), { isValid: false, problems: /^name: / });
});

t.test('an older zod 4 that cannot convert itself is converted as a caller sees it', (t) => {
  const schema = z.object({ limit: z.number().default(10) });
  const { validate } = schema['~standard'];
  Object.defineProperty(schema, '~standard', { value: { validate } });
  const { jsonSchema } = compileCheck(schema);
  t.match(jsonSchema, { type: 'object', properties: { limit: { default: 10 } } });
  t.notOk('required' in jsonSchema);
  t.end();
});

t.test('a schema library that can neither convert nor is zod is refused', (t) => {
  const foreign = { '~standard': { validate: () => ({ value: 1 }) } };
  t.throws(() => compileCheck(foreign), /plain JSON Schema/);
  t.end();
});

t.test('a Standard Schema that converts itself is asked first', async (t) => {
  const own = {
    '~standard': {
      validate: (value: unknown) =>
        value === 1 ? { value } : { issues: [{ message: 'not one', path: [{ key: 'a' }, 'b'] }] },
      jsonSchema: { input: (): object => ({ type: 'object', title: 'own' }) },
    },
  };
  const { jsonSchema, check } = compileCheck(own);
  t.strictSame(jsonSchema, { type: 'object', title: 'own' });
  t.strictSame(await check(2), { isValid: false, problems: 'a.b: not one' });
});
