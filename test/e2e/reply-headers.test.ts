/** What a server may say in the gateway's name: of its headers a client gets those that it needs, and no other. */
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { startGateway } from '../support/start-gateway.js';
import { uwsSkip } from '../support/uws-skip.js';

t.setTimeout(120_000);

const PASSED = {
  'content-language': 'en',
  'retry-after': '3',
  'mcp-protocol-version': '2026-07-28',
  vary: 'Accept-Language',
};

/** To the browser about our origin, to the proxy before us, about the network behind us, or anything of its own. */
const KEPT_BACK = {
  'access-control-allow-credentials': 'true',
  'access-control-allow-origin': '*',
  'alt-svc': 'h3=":443"',
  'clear-site-data': '"*"',
  'content-security-policy': "default-src 'none'",
  link: '</x>; rel=preload',
  location: 'https://elsewhere.example',
  nel: '{}',
  refresh: '0; url=https://elsewhere.example',
  'reporting-endpoints': 'x="https://elsewhere.example"',
  'service-worker-allowed': '/',
  'set-cookie': 'a=b',
  'strict-transport-security': 'max-age=9',
  'www-authenticate': 'Basic',
  'x-accel-redirect': '/metrics',
  'x-sendfile': '/etc/passwd',
  server: 'inside/1.2',
  via: '1.1 inside',
  'x-powered-by': 'Express',
  'x-forwarded-for': '10.0.0.1',
  constructor: 'one',
  'x-own': 'a',
};

for (const front of ['uws', 'node'] as const) {
  t.test(
    `${front}: a client gets the headers of a server that it needs, and no other`,
    { skip: front === 'uws' && uwsSkip },
    async (t) => {
      const upstream = await startFakeUpstream();
      t.teardown(() => upstream.close());
      const gateway = await startGateway({
        config: { global: { workers: 1, front }, servers: { http: { url: upstream.url } } },
      });
      t.teardown(() => gateway.destroy());
      const key = await gateway.makeKey('ana');
      for (const as of ['json', 'sse'] as const) {
        upstream.onCall(() => ({ kind: 'answer', as, headers: { ...PASSED, ...KEPT_BACK } }));
        const { message, headers } = modernCall(7, 'echo', { value: 1 });
        const reply = await rpc({ url: gateway.endpoint('http'), key, message, headers });
        t.match(reply.message, { id: 7, result: {} }, as);
        t.match(reply.headers, PASSED, as);
        const told = Object.keys(reply.headers).filter((name) => name in KEPT_BACK);
        t.strictSame(told, [], as);
      }
    },
  );
}
