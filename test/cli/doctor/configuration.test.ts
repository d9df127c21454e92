import t, { type Test } from 'tap';
import { inspectConfig } from '../../../config/load.js';
import { examineConfiguration } from '../../../src/cli/doctor/configuration.js';

function examine(t: Test, text: string) {
  const cwd = t.testdir({ 'server.json': text });
  const inspection = inspectConfig({ path: 'server.json', env: {}, cwd });
  return examineConfiguration({ inspection, gateway: null, publicUrl: null });
}

t.test('a valid file is one line', async (t) => {
  t.match(examine(t, '{ "servers": { "meerkats-table": {} } }'), [
    { severity: 'ok', message: /1 of 1 servers enabled/ },
  ]);
});

t.test('each problem is a finding with its line', async (t) => {
  t.match(
    examine(t, '{\n "global": { "prot": 1 },\n "servers": { "a": { "command": "no-such" } }\n}'),
    [
      { severity: 'error', exitCode: 78, message: /server\.json:2 global\.prot is not a setting/ },
      { severity: 'error', exitCode: 69, message: /:3 servers\.a\.command there is no program/ },
    ],
  );
});

t.test('a warning does not make the file invalid', async (t) => {
  const text = '{ "global": { "maxConnectionsPerServer": 501 }, "servers": {} }';
  t.match(examine(t, text), [{ severity: 'ok' }, { severity: 'warning' }]);
});

t.test('without a file there is nothing to examine', async (t) => {
  const patient = { inspection: null, gateway: null, publicUrl: null };
  t.strictSame(examineConfiguration(patient), []);
});
