import t from 'tap';
import { OwnSlots } from '../../src/gateway/own-slots.js';
import { SlotTickets } from '../../src/gateway/slot-tickets.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';

function slots() {
  const sent: WorkerEvent[] = [];
  const calls = new SlotTickets({
    of: 'calls',
    maxWaitMs: 60_000,
    send: (event) => sent.push(event),
    nowMs: () => 0,
  });
  const grant = (ticket: number): void => {
    const slot = { user: '', server: 's', brokered: 'none', brokerMs: 0 } as const;
    calls.onMessage({ kind: 'grant', to: 1, ticket, ...slot });
  };
  return { own: new OwnSlots(calls), calls, grant, sent };
}

t.test('what the gateway asks of a server holds a slot while it lasts', async (t) => {
  const { own, calls, grant, sent } = slots();
  const asked = own.within('s', 60_000, () => Promise.resolve(calls.inUse('s')));
  t.match(sent, [{ kind: 'ticket', request: { user: '', server: 's' } }]);
  grant(1);
  t.equal(await asked, 1);
  t.equal(calls.inUse('s'), 0);
  t.equal(await own.probe('s', () => Promise.resolve(calls.inUse('s') === 1)), true, 'an idle one');
  await t.rejects(own.within('s', 1, () => Promise.reject(new Error('no'))));
  t.equal(calls.inUse('s'), 0, 'given back whatever becomes of it');
});

t.test('without a slot nothing is asked', async (t) => {
  const { own, calls, sent } = slots();
  let ran = 0;
  const run = (): Promise<boolean> => {
    ran += 1;
    return Promise.resolve(true);
  };
  t.equal(await own.within('s', 1, run), null, 'its own patience is over');
  t.match(sent.at(-1), { kind: 'cancel' });
  const probed = own.probe('s', run);
  calls.onMessage({ kind: 'refusal', to: 1, ticket: 2, reason: 'server-closed' });
  t.equal(await probed, false);
  t.equal(ran, 0);
});
