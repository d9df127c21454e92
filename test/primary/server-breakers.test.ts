import t from 'tap';
import { ServerBreakers } from '../../src/primary/server-breakers.js';

function breakers() {
  const said: string[] = [];
  const all = new ServerBreakers({
    servers: ['a', 'b'],
    announce: (server, { state }) => said.push(`${server} ${state}`),
    probe: (server, generation) => said.push(`probe ${server} ${generation}`),
  });
  return { all, said: () => said.splice(0) };
}

const failures = { generation: 0, successes: 0, failures: 20 };

t.test('a change is announced once; the other server is not concerned', (t) => {
  const { all, said } = breakers();
  all.record('a', { generation: 0, successes: 20, failures: 0 }, 0);
  t.same(said(), []);
  all.record('a', { ...failures, failures: 30 }, 1);
  t.same(said(), ['a open']);
  all.record('a', failures, 2);
  t.same(said(), [], 'late results of the generation before change nothing');
  t.ok(all.isClosed('b'));
  t.notOk(all.isClosed('a'));
  t.match(all.view('a', 2), { state: 'open', transitions: { open: 1, closed: 0 } });
  t.equal(all.view('nope', 2), null);
  t.end();
});

t.test('probes go out one at a time; three good ones close it', (t) => {
  const { all, said } = breakers();
  all.record('a', failures, 0);
  said();
  all.tick(100);
  t.same(said(), [], 'not before its time');
  all.tick(7000);
  all.tick(7025);
  t.same(said(), ['a half-open', 'probe a 3']);
  for (const generation of [3, 4, 5]) {
    all.recordProbe('a', generation, 7100, true);
    all.tick(7200);
  }
  t.same(said(), ['a half-open', 'probe a 4', 'a half-open', 'probe a 5', 'a closed']);
  t.match(all.view('a', 7200), { transitions: { open: 1, 'half-open': 1, closed: 1 } });
  t.same(
    [...all.announcements(7200)].map(([server, { state }]) => `${server} ${state}`),
    ['a closed', 'b closed'],
  );
  t.end();
});

t.test('a lost probe counts as failed', (t) => {
  const { all, said } = breakers();
  all.record('a', failures, 0);
  all.tick(7000);
  said();
  all.tick(17_001);
  t.same(said(), ['a open']);
  all.recordProbe('a', 3, 17_100, true);
  t.notOk(all.isClosed('a'), 'and its late answer changes nothing');
  t.end();
});
