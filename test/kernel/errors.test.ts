import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { asGatewayError, ERRORS, GatewayError } from '../../src/kernel/errors.js';

t.test('docs/errors.md lists exactly the table: code, HTTP status and JSON-RPC code', async (t) => {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `(GW_\w+)` \| (\d+) \| (-\d+) \|/gm)].map(
    ([, code, http, jsonRpc]) => [code, Number(http), Number(jsonRpc)],
  );
  t.same(
    documented.toSorted(),
    Object.entries(ERRORS)
      .map(([code, { http, jsonRpc }]) => [code, http, jsonRpc])
      .toSorted(),
  );
});

t.test(
  'every code is answered with somewhere: the table promises nothing that never comes',
  async (t) => {
    const root = fileURLToPath(new URL('../../src', import.meta.url));
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('kernel/errors.ts'))
      .map((name) => readFileSync(join(root, name), 'utf8'))
      .join('\n');
    const never = Object.keys(ERRORS).filter((code) => !sources.includes(`'${code}'`));
    t.same(never, []);
  },
);

t.test('MCP reserves -32020 to -32099: only codes that it names are used there', async (t) => {
  const reserved = Object.entries(ERRORS)
    .filter(([, { jsonRpc }]) => jsonRpc <= -32020 && jsonRpc >= -32099)
    .map(([code]) => code);
  t.same(reserved, ['GW_HEADER_MISMATCH', 'GW_VERSION_UNSUPPORTED']);
});

t.test('what is not a GatewayError becomes an internal error that keeps its cause', async (t) => {
  const cause = new Error('x');
  t.match(asGatewayError(cause), { code: 'GW_INTERNAL', message: 'Internal error.', cause });
  const own = new GatewayError('GW_SHED', { hint: 'Later.' });
  t.equal(asGatewayError(own), own);
  t.equal(own.message, 'The gateway is saturated. Later.');
});

t.test('a refusal costs no stack; what caused an internal error keeps its own', (t) => {
  const before = Error.stackTraceLimit;
  const cause = new Error('deep inside');
  const error = asGatewayError(cause);
  t.equal(Error.stackTraceLimit, before);
  t.notMatch(error.stack, /\n *at /);
  t.match(String((error.options.cause as Error).stack), /\n *at /);
  t.end();
});
