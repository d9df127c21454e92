import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { testServer } from '../../src/primary/test-server.js';
import { freePort } from '../support/free-port.js';

const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  ttlMs: 0,
  cacheScope: 'public',
};
const ONE_TOOL = {
  resultType: 'complete',
  tools: [{ name: 'greet', inputSchema: { type: 'object' } }],
  ttlMs: 0,
  cacheScope: 'public',
};

t.test('a gateway that cannot be reached is told with the cause', async (t) => {
  const steps = await testServer(`http://127.0.0.1:${await freePort()}/x/mcp`, 'token');
  t.match(steps, [{ step: 'connect', ok: false, detail: /ECONNREFUSED/ }]);
});

t.test('a refusal of the gateway is told with its code and words', async (t) => {
  const url = await startFake(t, (_message, response) => {
    answer(response, 502, refusal(-32011, 'GW_UPSTREAM_UNREACHABLE', 'Its command was not found.'));
  });
  const [step] = await testServer(url, 'token');
  t.match(step, { ok: false, detail: /GW_UPSTREAM_UNREACHABLE: Its command was not found\./ });
});

t.test('a server is told with its name and version, where it says them', async (t) => {
  const serverInfo = { name: 'fake', version: '1' };
  const named = { ...DISCOVERED, _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } };
  for (const [discovered, detail] of [
    [named, 'fake 1, modern'],
    [DISCOVERED, 'modern'],
  ] as const) {
    const url = await startFake(t, (message, response) => {
      const result = message.method === 'server/discover' ? discovered : ONE_TOOL;
      answer(response, 200, { jsonrpc: '2.0', id: message.id, result });
    });
    const [step] = await testServer(url, 'token');
    t.match(step, { step: 'connect', ok: true, detail });
  }
});

t.test('a rate limit that is soon free again fails no step and is not in its time', async (t) => {
  let refused = 0;
  const url = await startFake(t, (message, response) => {
    if (message.method === 'tools/list' && refused < 2) {
      refused += 1;
      answer(response, 429, refusal(-32005, 'GW_RATE_LIMITED', 'Come back.'), {
        'retry-after': '1',
      });
      return;
    }
    const result = message.method === 'server/discover' ? DISCOVERED : ONE_TOOL;
    answer(response, 200, { jsonrpc: '2.0', id: message.id, result });
  });
  const steps = await testServer(url, 'token');
  t.match(steps, [
    { step: 'connect', ok: true },
    { step: 'tools/list', ok: true, detail: /^1 tool$/ },
  ]);
  t.equal(refused, 2);
  t.ok((steps[1]?.durationMs ?? Infinity) < 1000, 'the two seconds of waiting are not counted');
});

t.test('a rate limit that is not free within the step is told at once', async (t) => {
  const url = await startFake(t, (_message, response) => {
    const body = refusal(-32005, 'GW_RATE_LIMITED', 'Come back tomorrow.');
    answer(response, 429, body, { 'retry-after': '86400' });
  });
  const [step] = await testServer(url, 'token');
  const detail = 'Error POSTing to endpoint (GW_RATE_LIMITED: Come back tomorrow.)';
  t.match(step, { ok: false, detail });
});

interface Message {
  readonly id?: number;
  readonly method?: string;
}

/** The URL of a server that hands each POST's message to `handle`. */
async function startFake(
  t: Test,
  handle: (message: Message, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      handle(JSON.parse(body) as Message, response);
    });
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return `http://127.0.0.1:${port}/x/mcp`;
}

function refusal(code: number, reason: string, message: string): object {
  return { jsonrpc: '2.0', id: null, error: { code, message, data: { reason } } };
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
