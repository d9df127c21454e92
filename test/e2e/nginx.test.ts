/** The shipped nginx site before the real gateway: events one by one, and the client's own address in the log. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hasNginx, startNginxSite } from '../support/nginx.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until, within } from '../support/until.js';

t.setTimeout(120_000);

const EVENTS = 5;
/** Loopback, but not the proxy: what nginx sees of this client. */
const CLIENT = '127.0.0.7';

/** An MCP server whose stream stands still until the test asks for the next event. */
async function steppedUpstream(t: Test) {
  const streams: ServerResponse[] = [];
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    if (incoming.headers['mcp-method'] !== 'tools/call') {
      // The gateway's health check may come first.
      outgoing.writeHead(404).end();
      return;
    }
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.flushHeaders();
    streams.push(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, streams };
}

/** Hands a reply on when all of it is there, as a proxy with a cache or a scanner does. */
async function hoardingProxy(t: Test, target: string): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    const { authorization = '' } = incoming.headers;
    void fetch(`${target}${incoming.url ?? ''}`, { headers: { authorization } }).then(
      async (response) => {
        const body = await response.text();
        outgoing.writeHead(response.status, { 'content-type': 'text/event-stream' }).end(body);
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const event = (message: object): string => `data: ${JSON.stringify(message)}\n\n`;
const progress = (step: number): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 'p', progress: step, total: EVENTS },
});

function call(url: string, key: string): Promise<IncomingMessage> {
  const sent = request(url, {
    method: 'POST',
    localAddress: CLIENT,
    headers: {
      host: 'mcp.example.com',
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'count',
      'x-forwarded-for': '203.0.113.66',
    },
  });
  sent.end(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'count',
        arguments: {},
        _meta: {
          progressToken: 'p',
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  );
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });
}

t.test(
  'nginx passes each event on when it comes, and the log names the client',
  { skip: hasNginx ? false : 'nginx is not installed (apt-get install nginx-light)' },
  async (t) => {
    const upstream = await steppedUpstream(t);
    const gateway = await startGateway({
      config: {
        global: { workers: 1, trustProxy: ['127.0.0.1'], publicUrl: 'https://mcp.example.com' },
        servers: { counter: { url: upstream.url } },
      },
    });
    t.teardown(() => gateway.destroy());
    const key = await gateway.makeKey('ana');
    const file = join(repository, 'deploy', 'nginx.conf');
    const port = await startNginxSite(t, { file, gatewayPort: gateway.port });

    const answering = call(`http://127.0.0.1:${port}/counter/mcp`, key);
    const stream = await until(() => upstream.streams[0], {
      timeoutMs: 20_000,
      what: 'the call at its server',
    });
    stream.write(event(progress(1)));
    const response = await within(20_000, 'the head', answering);
    t.equal(response.statusCode, 200);
    let received = '';
    response.on('data', (chunk: Buffer) => {
      received += chunk.toString('utf8');
    });
    for (let step = 1; step <= EVENTS; step += 1) {
      // The next is written only when this one has come through both proxies.
      await until(() => received.split('"progress":').length - 1 === step, {
        timeoutMs: 20_000,
        what: `event ${step}: ${received}`,
      });
      if (step < EVENTS) stream.write(event(progress(step + 1)));
    }
    t.notMatch(received, /"result"/);
    stream.end(event({ jsonrpc: '2.0', id: 1, result: { resultType: 'complete', content: [] } }));
    await within(20_000, 'the end', once(response, 'end'));
    t.match(received, /"result"/);

    const line = await until(
      async () => {
        const log = await readFile(join(gateway.files.logDir, 'requests.log'), 'utf8');
        return log.split('\n').find((each) => each.includes('"target":"count"'));
      },
      { timeoutMs: 20_000, what: 'the line in requests.log' },
    );
    t.match(JSON.parse(line), { user: 'ana', server: 'counter', status: 200, client: CLIENT });
  },
);

t.test(
  'the doctor tells a proxy that passes events on from one that keeps them back',
  { skip: hasNginx ? false : 'nginx is not installed (apt-get install nginx-light)' },
  async (t) => {
    const gateway = await startGateway({
      config: {
        global: { workers: 1, trustProxy: ['127.0.0.1'] },
        servers: { 'meerkats-table': {} },
      },
    });
    t.teardown(() => gateway.destroy());
    const streamFinding = async (port: number) => {
      const url = `http://127.0.0.1:${port}`;
      const { stdout } = await gateway.cli(['doctor', '--json', '--url', url]);
      const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
      return findings.filter(({ check }) => check === 'event stream');
    };
    const file = join(repository, 'deploy', 'nginx.conf');
    const shipped = await startNginxSite(t, { file, gatewayPort: gateway.port });
    t.match(await streamFinding(shipped), [{ severity: 'ok', message: /one by one/ }]);
    t.match(await streamFinding(await hoardingProxy(t, gateway.url)), [
      { severity: 'error', message: /keeps events back/, fix: /proxy_buffering off/ },
    ]);
  },
);

t.test('nginx gives idle connections up before the gateway does', async (t) => {
  const site = await readFile(join(repository, 'deploy', 'nginx.conf'), 'utf8');
  const seconds = Number(/upstream [^}]*keepalive_timeout (\d+)s;/.exec(site)?.[1]);
  // The uWS front closes them after 8 to 12 s (measured), the node front later.
  t.ok(seconds > 0 && seconds < 8, String(seconds));
});
