import t from 'tap';
import { ServerChecks } from '../../src/gateway/server-checks.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { FakeTransport, type FakeCall } from '../support/fake-transport.js';

function rig(isHosted = false) {
  const transport = new FakeTransport();
  const checks = new ServerChecks((name) =>
    name === 'files' ? { transport, isHosted } : undefined,
  );
  let seen = 0;
  /** Answers the next question and says what it was. */
  const next = async (answer: (call: FakeCall) => void): Promise<string> => {
    const call = await transport.call(seen);
    seen += 1;
    answer(call);
    const { body, headers, user, method } = call.request;
    t.equal(user, '', 'a check is nobody’s');
    if (body === null) return method;
    const message = JSON.parse(Buffer.from(body).toString()) as { method: string };
    const session = headers[headers.indexOf('mcp-session-id') + 1];
    return headers.includes('mcp-session-id')
      ? `${message.method} in ${String(session)}`
      : message.method;
  };
  return { transport, checks, next };
}

const result = (value: unknown) => (call: FakeCall) => {
  call.answer({ jsonrpc: '2.0', id: 'check', result: value });
};
const refused = (status: number) => (call: FakeCall) => {
  call.answer({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no' } }, status);
};
const tools = result({ tools: [{ name: 'echo' }, { name: 'sum' }, { title: 'nameless' }] });

t.test('a modern server is asked who it is, and now and then for its tools', async (t) => {
  const { checks, next } = rig();
  const first = checks.check('files');
  t.equal(await next(result({ supportedVersions: ['2026-07-28'] })), 'server/discover');
  t.equal(await next(tools), 'tools/list');
  t.match(await first, { outcome: 'up', era: 'modern', by: 'request', tools: ['echo', 'sum'] });
  for (let i = 0; i < 10; i += 1) {
    const again = checks.check('files');
    t.equal(await next(result({ supportedVersions: ['2026-07-28'] })), 'server/discover');
    t.match(await again, { outcome: 'up', tools: null });
  }
  const eleventh = checks.check('files');
  await next(result({}));
  t.equal(await next(tools), 'tools/list');
  await eleventh;
});

t.test(
  'a legacy server over HTTP gets one session for all checks, and a new one when it is lost',
  async (t) => {
    const { checks, next, transport } = rig();
    const open = async (id: string) => {
      t.equal(
        await next((call) => {
          call.answer({ id: 'check', result: { protocolVersion: '2025-06-18' } }, 200, [
            'mcp-session-id',
            id,
          ]);
        }),
        'initialize',
      );
      t.equal(
        await next((call) => {
          call.answer('', 202);
        }),
        `notifications/initialized in ${id}`,
      );
      t.equal(await next(tools), `tools/list in ${id}`);
    };
    const first = checks.check('files');
    t.equal(await next(refused(400)), 'server/discover');
    await open('s-1');
    t.match(await first, { outcome: 'up', era: 'legacy', by: 'session', tools: ['echo', 'sum'] });
    const second = checks.check('files');
    t.equal(await next(result({})), 'ping in s-1');
    t.match(await second, { outcome: 'up', by: 'session', tools: null });
    const third = checks.check('files');
    t.equal(await next(refused(404)), 'ping in s-1');
    await open('s-2');
    t.match(await third, { outcome: 'up' });
    const closed = checks.close();
    t.equal(await next(result({})), 'DELETE');
    await closed;
    t.equal(transport.calls.length, 10);
  },
);

t.test(
  'a server that redirects is down, and the address that it names is told without its query',
  async (t) => {
    const { checks, next } = rig();
    const cases = [
      ['http://10.0.0.7:8000/mcp/?key=s3cret', 'http://10.0.0.7:8000/mcp/'],
      ['/mcp/#there', '/mcp/'],
      ['https://who:s3cret@mcp.example/', 'https://mcp.example/'],
    ] as const;
    for (const [location, told] of cases) {
      const redirect = (call: FakeCall): void => {
        call.answer('', 307, ['location', location]);
      };
      const check = checks.check('files');
      await next(redirect);
      await next(redirect);
      t.match(await check, {
        outcome: 'down',
        problem: `It answered 307 to initialize. It redirects to ${told}, which the gateway does not follow: if that is right, make it the "url".`,
      });
    }
  },
);

t.test('a legacy server in the host is asked by the host', async (t) => {
  const { checks, next } = rig(true);
  const first = checks.check('files');
  t.equal(await next(refused(400)), 'server/discover');
  t.equal(
    await next(result({ _meta: { 'multi-mcp/check': { by: 'instance', tools: ['echo'] } } })),
    'ping',
  );
  t.match(await first, { outcome: 'up', era: 'legacy', by: 'instance', tools: ['echo'] });
  const second = checks.check('files');
  await next((call) => {
    call.answer({ error: { code: -32000, message: 'Its process ended.' } }, 502);
  });
  t.match(await second, { outcome: 'down', problem: 'Its process ended.' });
});

t.test(
  'what is no answer is told: 5xx, no connection, nonsense; a locked door is one',
  async (t) => {
    const { checks, next } = rig();
    const cases: readonly (readonly [(call: FakeCall) => void, object])[] = [
      [refused(503), { outcome: 'down', problem: 'It answered 503.' }],
      [refused(401), { outcome: 'up', problem: /^It answered 401/ }],
      [
        (call) => {
          call.handler.onError(
            new GatewayError('GW_UPSTREAM_UNREACHABLE', { cause: new Error('ECONNREFUSED') }),
          );
        },
        { outcome: 'down', problem: /ECONNREFUSED/ },
      ],
    ];
    for (const [answer, expected] of cases) {
      const checked = checks.check('files');
      t.equal(await next(answer), 'server/discover', 'asked anew, whatever was before');
      t.match(await checked, expected);
    }
    const page = checks.check('files');
    await next((call) => {
      call.answer('<html>', 200);
    });
    t.equal(await next(refused(404)), 'initialize');
    t.match(await page, { outcome: 'down', problem: 'It answered 404 to initialize.' });
    t.match(await checks.check('nobody'), { outcome: 'skipped' });
  },
);

t.test('an answer in an event stream that stays open is enough', async (t) => {
  const { checks, next } = rig();
  const checked = checks.check('files');
  let call: FakeCall | null = null;
  await next((each) => {
    call = each;
    each.beginEvents();
    each.event({ jsonrpc: '2.0', method: 'notifications/message', params: {} });
    each.event({ jsonrpc: '2.0', id: 'check', result: {} });
  });
  await next(tools);
  t.match(await checked, { outcome: 'up' });
  t.match(call, { isAborted: true });
});

t.test('why the upstream host cannot start a server is said in its own words', async (t) => {
  const hosted = rig(true);
  const started = hosted.checks.check('files');
  await hosted.next(refused(502));
  t.match(await started, { outcome: 'down', era: null, problem: 'no' });
  const remote = rig();
  const asked = remote.checks.check('files');
  await remote.next(refused(502));
  t.match(await asked, { problem: 'It answered 502.' }, 'a stranger’s words are not ours');
});
