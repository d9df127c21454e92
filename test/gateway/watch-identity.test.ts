import { once, EventEmitter } from 'node:events';
import t from 'tap';
import { watchIdentityVersion } from '../../src/gateway/watch-identity.js';

/** A store whose versions the test hands out; `asked` fires at each poll. */
function fixture() {
  const events = new EventEmitter();
  const answers: (number | Error)[] = [];
  let changes = 0;
  let polls = 0;
  const stop = watchIdentityVersion({
    store: {
      identityVersion: () => {
        polls += 1;
        const answer = answers.shift() ?? 5;
        setImmediate(() => events.emit('polled'));
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    intervalMs: 2,
    onChange: () => {
      changes += 1;
    },
  });
  const polled = async (count: number) => {
    const alive = setInterval(() => undefined, 1000);
    const until = polls + count;
    while (polls < until) await once(events, 'polled');
    clearInterval(alive);
  };
  return { answers, stop, polled, changes: () => changes, polls: () => polls };
}

t.test('a moved version is reported once, an unchanged one never', async (t) => {
  const { answers, stop, polled, changes } = fixture();
  t.teardown(stop);
  await polled(3);
  t.equal(changes(), 0);
  answers.push(6, 6, 6, 6, 6);
  await polled(4);
  t.equal(changes(), 1);
});

t.test('a change while the store was away is noticed on its return', async (t) => {
  const { answers, stop, polled, changes } = fixture();
  t.teardown(stop);
  await polled(2);
  answers.push(new Error('away'), new Error('away'), 9, 9, 9, 9);
  await polled(5);
  t.equal(changes(), 1);
});

t.test('after stop it polls no more', async (t) => {
  const { stop, polled, polls } = fixture();
  await polled(2);
  stop();
  const seen = polls();
  const other = fixture();
  t.teardown(other.stop);
  await other.polled(5);
  t.equal(polls(), seen);
});
