import t from 'tap';
import { testReport } from '../../src/primary/server-test-report.js';
import { inspectText } from '../config/inspect-text.js';

const SERVERS = {
  web: { url: 'https://web.example/mcp?key=s3cret' },
  files: { command: 'mcp-files' },
  'meerkats-table': {},
};

t.test('every kind of failure comes with what to do about it', (t) => {
  const { config } = inspectText(t, JSON.stringify({ servers: SERVERS }));
  const cases = [
    ['web', 'GW_UPSTREAM_UNREACHABLE connect ECONNREFUSED', /curl -sv https:\/\/web\.example /],
    ['web', 'GW_UPSTREAM_TIMEOUT', /within 30000 ms .*requestTimeout/],
    ['web', 'GW_CREDENTIAL_MISSING', /credentials set web --user multi-mcp-test/],
    ['web', 'GW_CIRCUIT_OPEN', /logs --server web/],
    ['web', 'GW_SHED: It has no file free for a connection (ulimit -n).', /raise it .*doctor/],
    ['files', 'GW_SHED: The system allows no more processes (ulimit -u).', /raise it .*doctor/],
    ['web', 'GW_SHED', /limits are used up/],
    ['web', 'HTTP 401: who are you?', /headers.*oauth.*credential/],
    ['web', 'GW_UPSTREAM_PROTOCOL: It answered with a redirect.', /servers list names.*"url"/],
    ['web', 'Error POSTing to endpoint: Not Found', /path of "url"/],
    ['web', 'Error POSTing to endpoint: Method Not Allowed', /"transport": "sse"/],
    ['web', 'Error POSTing to endpoint: Invalid Host header', /refuses the host name of "url"/],
    ['files', 'It answered: tool not found', /Run mcp-files by hand/],
    ['files', 'GW_UPSTREAM_UNREACHABLE', /Run mcp-files by hand/],
    ['meerkats-table', 'boom', /module threw/],
  ] as const;
  for (const [name, detail, advice] of cases) {
    const server = config.servers[name];
    if (server === undefined) throw new Error(name);
    const report = testReport(server, 'failing', [
      { step: 'connect', ok: false, durationMs: 1, detail },
    ]);
    t.match(report, { server: name, ok: false, state: 'failing', advice });
    t.notMatch(report.advice, /s3cret/);
    const fine = testReport(server, 'ready', [
      { step: 'connect', ok: true, durationMs: 1, detail },
    ]);
    t.match(fine, { ok: true, advice: null });
  }
  t.end();
});
