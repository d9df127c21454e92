/**
 * `npm run perf [-- --calls N --rounds N --connections N --json]`: starts nginx, a direct target and the
 * gateway before one fast upstream and prints what a hop costs. perf/README.md tells the method.
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { CALL_HEADERS, measureHops, type HopTarget } from './hop-cost.js';
import { startGateway } from './targets/gateway.js';
import { nginxVersion, startNginx } from './targets/nginx.js';
import { freePort, start, type Started } from './targets/started.js';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '100' },
    workers: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

/** Every limit is on and none is reached: the load comes from one user at one server. */
const AMPLE_LIMITS = {
  maxConcurrentRequestsPerUser: 1000,
  maxConnectionsPerServer: 1000,
  maxTotalConnections: 1000,
  rateLimitTokens: 1_000_000,
  perUserLimit: 1_000_000,
  perServerLimit: 1_000_000,
};

const running: Started[] = [];
try {
  const workers = Number(values.workers);
  const upstreamPort = await freePort();
  const upstreamFile = fileURLToPath(new URL('targets/fast-upstream.js', import.meta.url));
  const upstream = await start(process.execPath, [upstreamFile, String(upstreamPort)], 'listening');
  running.push(upstream);
  const targets: HopTarget[] = [];
  const version = nginxVersion();
  if (version === null) process.stderr.write('nginx is not installed: ratios are to "direct"\n');
  else {
    const port = await freePort();
    const nginx = startNginx(port, upstreamPort, workers);
    running.push(nginx);
    targets.push({
      name: 'nginx, plain proxy',
      pid: nginx.pid,
      port,
      path: '/mcp',
      headers: CALL_HEADERS,
    });
  }
  targets.push({
    name: 'direct',
    pid: upstream.pid,
    port: upstreamPort,
    path: '/mcp',
    headers: CALL_HEADERS,
  });
  const port = await freePort();
  const gateway = await startGateway(port, upstreamPort, { workers, global: AMPLE_LIMITS });
  running.push(gateway);
  const withCredential = (name: string, credential: string): HopTarget => ({
    name,
    pid: gateway.pid,
    port,
    path: '/fast/mcp',
    headers: [...CALL_HEADERS, `Authorization: Bearer ${credential}`],
  });
  targets.push(withCredential('gateway, API key', gateway.apiKey));
  targets.push(withCredential('gateway, JWT', gateway.token));
  const costs = await measureHops(targets, {
    calls: Number(values.calls),
    rounds: Number(values.rounds),
    connections: Number(values.connections),
  });
  if (values.json) process.stdout.write(`${JSON.stringify(costs, null, 2)}\n`);
  else {
    const head = ['target', 'CPU µs/call', 'ratio', 'p50 ms', 'p99 ms', 'calls/s', 'wrong', 'lost'];
    const rows = costs.map((cost) => [
      cost.name,
      cost.cpuMicrosPerCall.toFixed(1),
      cost.ratioToFirst.toFixed(2),
      cost.p50Ms.toFixed(2),
      cost.p99Ms.toFixed(2),
      cost.callsPerSecond.toFixed(0),
      String(cost.wrong),
      String(cost.lost),
    ]);
    for (const row of [head, ...rows]) {
      process.stdout.write(
        `${row.map((cell, i) => (i === 0 ? cell.padEnd(22) : cell.padStart(12))).join('')}\n`,
      );
    }
  }
} finally {
  for (const child of running.reverse()) await child.stop();
}
