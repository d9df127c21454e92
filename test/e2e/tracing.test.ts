/** Traces of calls through a running gateway, as a collector gets them; and nothing of it when off. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { startOtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const OTHER_TRACE = 'aaaabbbbccccddddeeeeffff00001111';
const parent = (traceId: string, spanId: string): string => `00-${traceId}-${spanId}-01`;

async function bench(t: Test, env: Readonly<Record<string, string>>) {
  const upstream = await startFakeUpstream({ eras: ['modern'] });
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    config: { global: { workers: 1 }, servers: { files: { url: upstream.url } } },
    env,
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  /** `meta`: the traceparent in `_meta`. */
  const call = (id: string, headers: Readonly<Record<string, string>>, meta?: string) => {
    const base = structuredClone(modernCall(id, 'echo', { value: id }));
    const params = base.message['params'] as { _meta: Record<string, unknown> };
    if (meta !== undefined) params._meta['traceparent'] = meta;
    const message = base.message;
    return rpc({
      ...{ url: gateway.endpoint('files'), key, message },
      headers: { ...base.headers, ...headers },
    });
  };
  /** What reached the upstream of call `id`. */
  const seen = (id: string) => {
    const request = upstream.requests.find(({ message }) => message?.id === id);
    if (request === undefined) throw new Error(`no request ${id}`);
    const body = JSON.parse(request.body) as { params: { _meta: Record<string, unknown> } };
    return { headers: request.headers, meta: body.params._meta };
  };
  return { upstream, gateway, call, seen };
}

t.test(
  'a call is a span of the client’s trace, and the parent of what the upstream does',
  async (t) => {
    const collector = await startOtlpReceiver();
    t.teardown(() => collector.close());
    const { upstream, call, seen } = await bench(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'gateway-under-test',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    const spansOf = (id: string) =>
      until<readonly [ReceivedSpan, ReceivedSpan] | null>(
        () => {
          const ofCall = collector.spans.filter(
            ({ attributes }) => attributes['jsonrpc.request.id'] === id,
          );
          const server = ofCall.find(({ kind }) => kind === 2);
          const client = ofCall.find(({ kind }) => kind === 3);
          return server === undefined || client === undefined ? null : [server, client];
        },
        { timeoutMs: 60_000, what: `spans of ${id}` },
      );

    const header = parent(TRACE, '00f067aa0ba902b7');
    t.equal((await call('by-header', { traceparent: header, tracestate: 'v=1' })).status, 200);
    const [server, client] = await spansOf('by-header');
    t.match(server, { traceId: TRACE, parentSpanId: '00f067aa0ba902b7', name: 'tools/call echo' });
    t.match(server.attributes, {
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'echo',
      'mcp.protocol.version': '2026-07-28',
      'rpc.response.status_code': '200',
      'multi_mcp.server': 'files',
    });
    t.match(server.resource, { 'service.name': 'gateway-under-test' });
    t.notOk(server.status.code === 2);
    t.match(client, { traceId: TRACE, parentSpanId: server.spanId });
    t.equal(seen('by-header').headers['traceparent'], parent(TRACE, client.spanId));
    t.equal(seen('by-header').headers['tracestate'], 'v=1');
    t.notOk('traceparent' in seen('by-header').meta, 'nothing is put into a body');

    const inMeta = parent(OTHER_TRACE, '1111111111111111');
    await call('by-meta', { traceparent: header, tracestate: 'v=1' }, inMeta);
    const [metaServer, metaClient] = await spansOf('by-meta');
    t.match(
      metaServer,
      { traceId: OTHER_TRACE, parentSpanId: '1111111111111111' },
      '_meta is nearer',
    );
    t.equal(seen('by-meta').meta['traceparent'], parent(OTHER_TRACE, metaClient.spanId));
    t.equal(seen('by-meta').headers['traceparent'], parent(OTHER_TRACE, metaClient.spanId));
    t.equal(seen('by-meta').headers['tracestate'], undefined, 'the state of another trace');

    upstream.onCall(() => ({ kind: 'redirect', location: 'http://127.0.0.1:1/' }));
    t.equal((await call('failing', {})).status, 502);
    const [failed] = await spansOf('failing');
    t.match(failed, { status: { code: 2 }, attributes: { 'error.type': 'GW_UPSTREAM_PROTOCOL' } });
    t.equal(failed.parentSpanId ?? '', '', 'a trace of its own');
  },
);

t.test(
  'off: no OpenTelemetry package is loaded, and the client’s context still passes',
  async (t) => {
    const without = pathToFileURL(join(repository, 'test', 'support', 'no-opentelemetry.mjs')).href;
    const { call, seen, gateway } = await bench(t, { NODE_OPTIONS: `--import ${without}` });
    const header = parent(TRACE, '00f067aa0ba902b7');
    t.equal((await call('passed', { traceparent: header, tracestate: 'v=1' }, header)).status, 200);
    t.equal(seen('passed').headers['traceparent'], header);
    t.equal(seen('passed').headers['tracestate'], 'v=1');
    t.equal(seen('passed').meta['traceparent'], header);
    t.notMatch(await gateway.logs(), 'OpenTelemetry');

    const wanted = await bench(t, {
      NODE_OPTIONS: `--import ${without}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    });
    t.equal(
      (await wanted.call('untraced', {})).status,
      200,
      'without the packages calls are served',
    );
    await until(async () => (await wanted.gateway.logs()).includes('OpenTelemetry does not load'), {
      timeoutMs: 30_000,
      what: 'a line that says so',
    });
  },
);
