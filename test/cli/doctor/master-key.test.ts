import t from 'tap';
import { examineMasterKey } from '../../../src/cli/doctor/master-key.js';
import { fakeOperations } from '../../support/admin-operations.js';

const status = await fakeOperations().operations.status();
const counted = (onFormerMasterKey: unknown) => {
  const gateway = {
    pid: 1,
    url: 'http://127.0.0.1:8080',
    ask: () => Promise.resolve({ ...status, onFormerMasterKey }),
  };
  return examineMasterKey({ inspection: null, gateway, publicUrl: null });
};

t.test('it says what still needs the former master key, and what to do', async (t) => {
  t.match(await counted({ apiKeys: 3, credentials: 1, servers: 0 }), [
    { severity: 'warning', message: /3 API keys, 1 cred/, fix: /credentials rotate/ },
  ]);
  t.match(await counted({ apiKeys: 3, credentials: 0, servers: 0 }), [
    { severity: 'warning', fix: /keys list/ },
  ]);
  t.match(await counted({ apiKeys: 0, credentials: 0, servers: 0 }), [
    { severity: 'ok', message: /take it away/ },
  ]);
});

t.test('without a rotation, or a gateway, there is nothing to say', async (t) => {
  t.same(await counted(null), []);
  t.same(await counted(undefined), []);
  t.same(await examineMasterKey({ inspection: null, gateway: null, publicUrl: null }), []);
});
