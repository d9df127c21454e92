/** A stdio server that hangs answers in the middle of event streams, behind a status of 200: it fails all the same. */
import { join } from 'node:path';
import t from 'tap';
import { rpc } from '../support/json-rpc.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(60_000);

const VERSION = '2025-06-18';
const CALLS = 12;

t.test("timeouts of a session's calls are logged, counted, and open the circuit", async (t) => {
  const fixture = join(repository, 'test/support/stdio-fixtures/particular.mjs');
  const gateway = await startGateway({
    config: {
      global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
      servers: {
        slow: {
          command: process.execPath,
          args: [fixture],
          era: 'legacy',
          connectionPool: { requestTimeout: 1000 },
        },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const post = (key: string, message: object, headers: Readonly<Record<string, string>> = {}) =>
    rpc({ url: gateway.endpoint('slow'), key, message: { jsonrpc: '2.0', ...message }, headers });
  const hang = async (user: string) => {
    const key = await gateway.makeKey(user);
    const clientInfo = { name: 'c', version: '1' };
    const hello = { protocolVersion: VERSION, capabilities: {}, clientInfo };
    const opened = await post(key, { id: 0, method: 'initialize', params: hello });
    const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
    const params = { name: 'x', arguments: { delayMs: 60_000 } };
    return Promise.all(
      Array.from({ length: CALLS }, (_, id) =>
        post(key, { id, method: 'tools/call', params }, session),
      ),
    );
  };
  const replies = (await Promise.all([hang('ana'), hang('bob')])).flat();
  for (const { status, message } of replies) {
    t.equal(status, 200);
    t.equal(message?.error?.data?.['reason'], 'GW_UPSTREAM_TIMEOUT');
  }
  const stateNow = async () => {
    const { servers } = (await gateway.json('/health')) as {
      servers: Record<string, { circuitBreaker: { state: string } }>;
    };
    return servers['slow']?.circuitBreaker.state;
  };
  await until(async () => (await stateNow()) !== 'closed', {
    timeoutMs: 5_000,
    what: 'an open circuit',
  });
  const counted = `reason="GW_UPSTREAM_TIMEOUT"} ${2 * CALLS}`;
  const told = async () => {
    const response = await fetch(`${gateway.url}/metrics/prometheus`);
    return (await response.text()).includes(counted);
  };
  await until(told, { timeoutMs: 10_000, what: counted });
});
