import t from 'tap';
import { PinnedServers } from '../../src/gateway/pinned-servers.js';

t.test('what the primary told outlives a change of policy', (t) => {
  const reported: string[] = [];
  const servers = new PinnedServers({ mail: { pins: {}, quarantined: ['a'] } }, (server) => {
    reported.push(server);
  });
  t.notOk(servers.of('mail', 'quarantine')?.admits('a'));
  t.equal(servers.of('mail', 'off'), null);
  servers.receive('mail', { pins: {}, quarantined: ['b'] });
  const again = servers.of('mail', 'quarantine');
  t.ok(again?.admits('a'));
  t.notOk(again?.admits('b'));
  servers.receive('mail', { pins: {}, quarantined: [] });
  t.ok(again?.admits('b'), 'told to the one that serves');
  again?.inspect(Buffer.from('{"result":{"tools":[{"name":"c"}]}}'));
  t.same(reported, ['mail']);
  t.end();
});
