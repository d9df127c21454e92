/** Operators' changes on a running gateway: true on every worker when the command returns, and on the trail. */
import t from 'tap';
import { startGateway, type Gateway } from '../support/start-gateway.js';

t.setTimeout(180_000);

const CONFIG = { global: { workers: 2 }, servers: { 'meerkats-table': {} } };

/** Over several connections, so that both workers are asked. */
async function knock(gateway: Gateway, key: string): Promise<number[]> {
  const statuses = new Set<number>();
  for (let n = 0; n < 8; n += 1) {
    const reply = await fetch(gateway.endpoint('meerkats-table'), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        connection: 'close',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    await reply.text();
    statuses.add(reply.status);
  }
  return [...statuses];
}

/** 400 = let in, and then told that the session is missing. */
const LET_IN = [400];

t.test('grants, changed keys and revocations hold on every worker at once', async (t) => {
  const gateway = await startGateway({ config: CONFIG });
  t.teardown(() => gateway.destroy());
  const [ana, ben] = [await gateway.makeKey('ana'), await gateway.makeKey('ben')];
  const cli = async (...argv: string[]) =>
    t.equal((await gateway.cli(argv)).code, 0, argv.join(' '));
  t.same([await knock(gateway, ana), await knock(gateway, ben)], [LET_IN, LET_IN]);
  await cli('grants', 'set', 'ana', 'meerkats-table', '--deny');
  t.same([await knock(gateway, ana), await knock(gateway, ben)], [[403], LET_IN]);
  await cli('grants', 'set', 'ana', '*', '--deny');
  await cli('grants', 'set', 'ana', 'meerkats-table');
  t.same(await knock(gateway, ana), LET_IN);
  await cli('grants', 'remove', 'ana', 'meerkats-table');
  t.same(await knock(gateway, ana), [403]);
  await cli('keys', 'update', ben, '--servers', 'elsewhere');
  t.same(await knock(gateway, ben), [403]);
  await cli('keys', 'update', ben, '--servers', 'all');
  t.same(await knock(gateway, ben), LET_IN);
  await cli('keys', 'revoke', ben);
  t.same(await knock(gateway, ben), [401]);

  const { stdout: out } = await gateway.cli(['audit', 'list', '--json']);
  const trail = JSON.parse(out) as { action: string; target: string; actor: string }[];
  t.same(
    trail.slice(0, 4).map(({ action }) => action),
    ['keys.revoke', 'keys.update', 'keys.update', 'grants.remove'],
  );
  t.match(trail[3], { target: 'ana@meerkats-table', actor: /uid \d+, pid \d+/ });
  t.notMatch(out, ben.slice(18, 61));
  t.equal((await gateway.stop()).code, 0);
  // Workers write the counts they still hold when they end.
  const listed = await gateway.cli(['keys', 'list', '--all', '--json']);
  const keys = JSON.parse(listed.stdout) as { user: string; useCount: number }[];
  t.match(keys.find(({ user }) => user === 'ana')?.useCount, 32, 'four times eight requests');
});
