/** What a scraper gets from the real program, and what is written about it. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { unitOf } from '../../src/telemetry/exposition.js';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { readExposition, type ReadFamily } from '../support/read-exposition.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { connectClient } from '../support/mcp-clients.js';
import { repository } from '../support/repository.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

const text = (name: string): Promise<string> => readFile(join(repository, name), 'utf8');

/** Names that are a promise to others, with the labels that they have here without load. */
const CONVENTION: readonly (readonly [name: string, labels: readonly string[]])[] = [
  ['mcp_server_operation_duration_seconds', ['mcp_server', 'mcp_method_name', 'error_type']],
  ['mcp_client_operation_duration_seconds', ['gen_ai_tool_name', 'network_transport']],
  ['multi_mcp_requests_total', ['server', 'method', 'status']],
  ['multi_mcp_requests_in_flight', []],
  ['multi_mcp_gateway_overhead_seconds', ['server', 'phase']],
  ['multi_mcp_upstream_connections', ['server', 'state']],
  ['multi_mcp_upstream_connects_total', ['server']],
  ['multi_mcp_upstream_connect_duration_seconds', ['server']],
  ['multi_mcp_upstream_connect_failures_total', ['server', 'reason']],
  ['multi_mcp_upstream_pending_requests', ['server']],
  ['multi_mcp_upstream_pending_overflow_total', []],
  ['multi_mcp_upstream_queue_wait_seconds', []],
  ['multi_mcp_circuit_breaker_state', ['server', 'state']],
  ['multi_mcp_circuit_breaker_transitions_total', ['server', 'to']],
  ['multi_mcp_rate_limit_decisions_total', ['policy', 'decision']],
  ['multi_mcp_lease_tokens', ['kind']],
  ['multi_mcp_upstream_healthy', ['server']],
  ['multi_mcp_upstream_sessions', ['server', 'kind']],
  ['multi_mcp_upstream_children', ['server', 'kind']],
  ['multi_mcp_config_reloads_total', ['result']],
  ['multi_mcp_config_last_reload_successful', []],
  ['multi_mcp_config_last_reload_success_timestamp_seconds', []],
  ['multi_mcp_alerts_active', ['alert', 'severity']],
  ['multi_mcp_build_info', ['version', 'node', 'engine']],
  ['multi_mcp_worker_event_loop_lag_seconds', ['worker']],
];

async function scrape(gateway: Gateway): Promise<ReadonlyMap<string, ReadFamily>> {
  const response = await fetch(`${gateway.url}/metrics/prometheus`);
  return readExposition(await response.text(), 'prometheus');
}

/** Of all series with these labels. */
function sum(family: ReadFamily | undefined, labels: Readonly<Record<string, string>>): number {
  return (family?.samples ?? [])
    .filter(({ labels: own }) => Object.entries(labels).every(([l, value]) => own.get(l) === value))
    .reduce((total, { value }) => total + value, 0);
}

async function start(
  t: Test,
): Promise<{ gateway: Gateway; key: string; call: (tool: string) => Promise<number> }> {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    config: {
      global: { workers: 2, healthCheckInterval: 1000 },
      servers: {
        'meerkats-table': {},
        away: { url: 'http://127.0.0.1:9/mcp' },
        web: { url: upstream.url },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  let id = 0;
  const call = async (tool: string) => {
    id += 1;
    const url = gateway.endpoint('meerkats-table');
    return (await rpc({ url, key, ...modernCall(id, tool, {}) })).status;
  };
  return { gateway, key, call };
}

void t.test('the metrics of the real program', async (t) => {
  const { gateway, key, call } = await start(t);
  const deadline = { timeoutMs: 60_000, everyMs: 200 };
  const calls = async (): Promise<number> =>
    sum((await scrape(gateway)).get('multi_mcp_requests_total'), { method: 'tools/call' });

  await t.test('health checks find who is there, without a client’s request', async (t) => {
    const health = async (server: string) =>
      sum((await scrape(gateway)).get('multi_mcp_upstream_healthy'), { server });
    await until(async () => (await health('meerkats-table')) === 1, {
      ...deadline,
      what: 'a check',
    });
    const hasFailed = async () =>
      sum((await scrape(gateway)).get('multi_mcp_health_checks_total'), {
        server: 'away',
        result: 'down',
      }) > 1;
    await until(hasFailed, { ...deadline, what: 'failed checks' });
    t.equal(await health('away'), 0);
    t.equal(await calls(), 0);
    const document = await gateway.json('/health');
    t.match(document, {
      status: 'degraded',
      reasons: [/^Server away fails: .*multi-mcp servers test away$/],
      servers: {
        away: { state: 'failing', check: { state: 'down', lastError: /\w/ } },
        'meerkats-table': { state: 'ready', check: { state: 'up', era: 'modern', tools: 11 } },
      },
      system: { cpu: { cores: Number }, memory: { usedPercent: Number } },
    });
    const ready = await (await fetch(`${gateway.url}/readyz?verbose`)).text();
    t.match(ready, /\[~\]servers away of 3 not answering/);
  });

  await t.test('calls are counted by tool, and no worker’s death takes a count back', async (t) => {
    for (let i = 0; i < 6; i += 1) t.equal(await call('list_tables'), 200);
    await until(async () => (await calls()) === 6, { ...deadline, what: 'six calls' });
    const duration = (await scrape(gateway)).get('mcp_server_operation_duration_seconds');
    const ofTool = { mcp_server: 'meerkats-table', gen_ai_tool_name: 'list_tables', le: '+Inf' };
    t.equal(sum(duration, ofTool), 6, 'the tools’ names come from the health checks');
    const { workers } = (await gateway.json('/health')) as { workers: { pid: number }[] };
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    const restarted = async () =>
      sum((await scrape(gateway)).get('multi_mcp_worker_restarts_total'), {}) === 1;
    await until(restarted, { ...deadline, what: 'a new worker' });
    t.equal(await calls(), 6);
    await until(async () => (await call('list_tables')) === 200, {
      ...deadline,
      what: 'an answer',
    });
    await until(async () => (await calls()) >= 7, { ...deadline, what: 'one call more' });
  });

  await t.test('the three forms of /metrics', async (t) => {
    const get = (accept: string) => fetch(`${gateway.url}/metrics`, { headers: { accept } });
    const json = await get('*/*');
    t.match(json.headers.get('content-type'), 'application/json');
    t.match(Object.keys((await json.json()) as object)[0], 'hint');
    const open = await get('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    t.equal(
      open.headers.get('content-type'),
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    const body = await open.text();
    t.ok(readExposition(body, 'openmetrics').size > 60);
    const script =
      'import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as p\nprint(len(list(p(sys.stdin.read()))))';
    const python = process.env['PYTHON'] ?? 'python3';
    const isThere = spawnSync(python, ['-c', 'import prometheus_client']).status === 0;
    const skip = isThere
      ? false
      : 'python3 has no prometheus_client (pip install prometheus_client)';
    await t.test('an outside parser reads it', { skip }, async (t) => {
      const parsed = spawnSync(python, ['-c', script], { input: body, encoding: 'utf8' });
      t.equal(parsed.stderr, '');
      t.ok(Number(parsed.stdout) > 60);
    });
  });

  await t.test('every name and label that dashboards of others know is there', async (t) => {
    const url = gateway.endpoint('meerkats-table');
    const session = await connectClient('sdk-1', url, key);
    t.teardown(() => session.close());
    const open = async () => sum((await scrape(gateway)).get('multi_mcp_upstream_sessions'), {});
    await until(async () => (await open()) > 0, { ...deadline, what: 'a session' });
    const families = await scrape(gateway);
    for (const [name, labels] of CONVENTION) {
      const family = families.get(name);
      t.ok(family, name);
      const seen = new Set(family?.samples.flatMap((sample) => [...sample.labels.keys()]));
      for (const label of labels) t.ok(seen.has(label), `${name} has ${label}`);
    }
    const value = (name: string, labels: Readonly<Record<string, string>>) =>
      sum(families.get(`multi_mcp_upstream_${name}`), labels);
    t.ok(value('connects_total', { server: 'web' }) > 0, 'by its health checks');
    t.ok(value('connect_failures_total', { server: 'away', reason: 'refused' }) > 0);
    t.ok(value('children', { server: 'meerkats-table', kind: 'module' }) > 0);
    const droppedBy = families.get('multi_mcp_log_lines_dropped_total')?.samples ?? [];
    t.strictSame(droppedBy.map(({ labels }) => labels.get('worker')).toSorted(), [
      '1',
      '2',
      'host-0',
      'primary',
    ]);
  });

  await t.test('docs/metrics.md lists exactly what there is', async (t) => {
    const isProcess = (): boolean => sumOf('process_cpu_seconds_total') > 0;
    let families = await scrape(gateway);
    const sumOf = (name: string): number => sum(families.get(name), { worker: '1' });
    await until(
      async () => {
        families = await scrape(gateway);
        return isProcess();
      },
      { ...deadline, what: 'the metrics of a worker’s process' },
    );
    const rows = [...families.values()].map(({ name, type, help }) => {
      return `| \`${name}\` | ${type} | ${unitOf(name) ?? '–'} | ${help.replaceAll('|', '\\|')} |`;
    });
    const documented = await text('docs/metrics.md');
    const inDocs = new Map(
      documented
        .split('\n')
        .filter((line) => /^\| `(multi_mcp|mcp|process|nodejs)_/.test(line))
        .map((line) => {
          const [, name, type, unit, labels = '', help] = line.split(/ ?(?<!\\)\| ?/);
          return [`| ${name} | ${type} | ${unit} | ${help} |`, labels] as const;
        }),
    );
    t.same([...inDocs.keys()].sort(), rows.sort());
    for (const { name, samples } of families.values()) {
      const labels = [...inDocs].find(([row]) => row.startsWith(`| \`${name}\` `))?.[1] ?? '';
      const seen = new Set(samples.flatMap((sample) => [...sample.labels.keys()]));
      seen.delete('le');
      for (const label of seen) t.match(labels, `\`${label}\``, `${name} has ${label}`);
    }
  });

  await t.test('the dashboard and the alert rules ask only for what there is', async (t) => {
    const families = await scrape(gateway);
    const known = new Set(
      [...families.values()].flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    for (const file of ['deploy/grafana-dashboard.json', 'deploy/prometheus-rules.yml']) {
      const content = await text(file);
      const names = new Set(
        content.match(/\b(?:multi_mcp|mcp_(?:server|client)|process|nodejs)_\w+/g),
      );
      for (const label of ['mcp_server', 'mcp_method_name']) names.delete(label);
      t.ok(names.size > 8, `${file} names ${names.size}`);
      for (const name of names) t.ok(known.has(name), `${file}: ${name}`);
    }
    const { panels } = JSON.parse(await text('deploy/grafana-dashboard.json')) as {
      panels: { id: number; gridPos: { x: number; w: number } }[];
    };
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    t.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });
});
