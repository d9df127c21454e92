import fc from 'fast-check';
import t from 'tap';
import { LeaseLedger, type LeaseLedgerOptions } from '../../src/policy/lease-ledger.js';
import type { LedgerMessage, TicketRequest } from '../../src/policy/lease-messages.js';
import { holds } from './holds.js';
import { LeaseWorld, SERVERS, USERS } from './lease-world.js';
import { Step } from './step.js';

// ── many workers, messages under way, deaths ────────────────────────────────────────────────────────────────────────

type World = LeaseWorld;
type Steps = Iterable<fc.Command<object, World>>;
const step = (name: string, act: (world: World) => void): Step<object, World> =>
  new Step(
    name,
    (_, world) => {
      act(world);
    },
    (_, world) => {
      world.check();
    },
  );

const pick = fc.nat(1000);
const users = fc.constantFrom(...USERS);
const servers = fc.constantFrom(...SERVERS);

const call = fc.tuple(pick, users, servers).map(([who, user, server]) =>
  step(`call(${who}, ${user}, ${server})`, (world) => {
    world.call(who, user, server);
  }),
);
const onWorker = (
  name: string,
  act: (world: World, who: number, which: number) => void,
): fc.Arbitrary<Step<object, World>> =>
  fc.tuple(pick, pick).map(([who, which]) =>
    step(`${name}(${who}, ${which})`, (world) => {
      act(world, who, which);
    }),
  );
const finish = onWorker('finish', (world, who, which) => {
  world.finish(who, which);
});
const toPrimary = onWorker('toPrimary', (world, who, count) => {
  world.deliverToPrimary(who, 1 + (count % 4));
});
const toWorker = onWorker('toWorker', (world, who, count) => {
  world.deliverToWorker(who, 1 + (count % 4));
});
const exchange = onWorker('exchange', (world, who) => {
  world.deliverToPrimary(who, 100);
  world.check();
  world.deliverToWorker(who, 100);
});
const cancel = onWorker('cancel', (world, who, which) => {
  world.cancel(who, which);
});
const sweep = onWorker('sweep', (world, who) => {
  world.sweep(who);
});
const lose = fc.tuple(pick, servers).map(([who, server]) =>
  step(`lose(${who}, ${server})`, (world) => {
    world.loseIdleConnection(who, server);
  }),
);
const drain = onWorker('drain', (world, who) => {
  world.drainWorker(who);
});
const kill = onWorker('kill', (world, who) => {
  world.kill(who);
});
const exit = onWorker('exit', (world, who) => {
  world.exit(who);
});
const changeLimit = fc.tuple(users, fc.constantFrom(0, 1, 3)).map(([user, limit]) =>
  step(`changeLimit(${user}, ${limit})`, (world) => {
    world.changeLimit(user, limit);
  }),
);
const share = fc.constantFrom(0, 1, 2).map((limit) =>
  step(`share(${limit})`, (world) => {
    world.share(limit);
  }),
);
const start = fc.constant(
  step('start', (world) => {
    world.start();
  }),
);
const refuse = servers.map((server) =>
  step(`breaker of ${server} opens`, (world) => {
    world.ledger.refuseWaiting(server, 'circuit-open');
  }),
);
const advance = fc.integer({ min: 0, max: 300 }).map((byMs) =>
  step(`advance(${byMs})`, (world) => {
    world.advance(byMs);
  }),
);

const OPTIONS: LeaseLedgerOptions = {
  maxTotal: 5,
  maxPerUser: 2,
  maxQueued: 12,
  maxQueuedPerUser: 4,
  queueTimeoutMs: 5000,
  brokerMs: 400,
};

t.test('over several workers, with messages under way and workers dying', (t) => {
  // Weights by repetition: deaths and drains are rare beside calls.
  const commands = fc.commands(
    [call, call, call, call, finish, finish, finish, toPrimary, toPrimary, toWorker, toWorker]
      .concat([exchange, exchange, cancel, sweep, advance, advance, drain, kill, exit, refuse])
      .concat([start, changeLimit, share, lose]),
    { size: 'max', maxCommands: 250 },
  );
  const seen = { granted: 0, refused: 0, local: 0, inBoth: 0, waited: 0, blocked: 0 };
  const scenario = (settle: (world: World) => void): fc.IProperty<[Steps, number, number]> =>
    fc.property(commands, fc.constantFrom(1, 2, 6), fc.nat(2), (steps, room, shared) => {
      const options = { ...OPTIONS, maxTotal: 5 * room, maxPerUser: 2 * room };
      const world = new LeaseWorld(options, 3);
      world.share(shared);
      fc.modelRun(() => ({ model: {}, real: world }), steps);
      settle(world);
      seen.granted += world.granted;
      seen.refused += world.refused;
      seen.local += world.startedLocally;
      seen.inBoth += world.startedInBoth;
      seen.waited += world.waited;
    });

  t.test('the limits hold at every instant, and a waiter waits only for a limit in use', (t) => {
    holds(
      t,
      scenario((world) => {
        world.deliverEverything();
        seen.blocked += world.checkNobodyWaitsInVain();
      }),
      { numRuns: 500 },
    );
    t.end();
  });

  t.test('once the calls end everyone was answered once and every slot is home', (t) => {
    holds(
      t,
      scenario((world) => {
        world.finishEverything();
        world.checkAllHome();
      }),
      { numRuns: 500 },
    );
    t.end();
  });

  t.test('the runs saw every kind of thing', (t) => {
    for (const [what, count] of Object.entries(seen)) t.ok(count > 100, `${what}: ${count}`);
    t.end();
  });
  t.end();
});

t.test('a busy worker cannot pass a slot from call to call past those who wait elsewhere', (t) => {
  const world = new LeaseWorld(OPTIONS, 2);
  const busy = 0;
  const waiting = 1;
  const deliver = (who: number): void => {
    world.deliverToPrimary(who, 100);
    world.check();
    world.deliverToWorker(who, 100);
  };
  world.call(busy, 'ana', 'a');
  deliver(busy);
  for (let i = 0; i < 5; i += 1) {
    world.finish(busy, 0);
    world.call(busy, 'ana', 'a');
  }
  t.equal(world.startedLocally, 5, 'undisturbed it needs no message');
  world.call(waiting, 'bo', 'a');
  deliver(waiting);
  t.equal(world.waitingAt(waiting), 1);
  deliver(busy);
  world.finish(busy, 0);
  world.call(busy, 'ana', 'a');
  deliver(busy);
  // It says that it has closed the slot's connection.
  deliver(busy);
  deliver(waiting);
  t.equal(world.waitingAt(waiting), 0, 'served before the next call of the busy one');
  t.equal(world.waitingAt(busy), 1);
  t.end();
});

// ── single rules ────────────────────────────────────────────────────────────────────────────────────────────────────

const WIDE: LeaseLedgerOptions = {
  maxTotal: 100,
  maxPerUser: 10,
  maxQueued: 100,
  maxQueuedPerUser: 100,
  queueTimeoutMs: 1000,
};

function ledgerWith(
  options: Partial<LeaseLedgerOptions>,
  limits: Record<string, number>,
): LeaseLedger {
  const ledger = new LeaseLedger({ ...WIDE, ...options });
  for (const [server, limit] of Object.entries(limits)) ledger.setServer(server, limit, 0);
  ledger.workerStarted(1);
  ledger.workerStarted(2);
  return ledger;
}

function ask(
  ledger: LeaseLedger,
  ticket: number,
  user: string,
  server: string,
  more: Partial<TicketRequest> & { from?: number; atMs?: number } = {},
): void {
  const { from = 1, atMs = 0, ...rest } = more;
  ledger.ticket(from, { ticket, user, server, ...rest }, atMs);
}

function brief(messages: readonly LedgerMessage[]): string[] {
  return messages.map((message) => {
    switch (message.kind) {
      case 'grant':
        return `grant ${message.ticket}`;
      case 'refusal':
        return `refuse ${message.ticket} ${message.reason}`;
      case 'recall':
        return `recall ${message.scope} ${message.key} from ${message.to}`;
      case 'close-idle':
        return `close ${message.count} of ${message.server} in ${message.to}`;
    }
  });
}

const grants = (ledger: LeaseLedger): string[] =>
  brief(ledger.drain()).filter((line) => /^(grant|refuse)/.test(line));

const RETURNED = { kind: 'server', key: 's', count: 1 } as const;

t.test('users share a server turn by turn', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'noisy', 's');
  for (let ticket = 2; ticket < 9; ticket += 1) ask(ledger, ticket, 'noisy', 's');
  ask(ledger, 100, 'quiet', 's');
  t.same(grants(ledger), ['grant 1']);
  for (const expected of [2, 100, 3, 4]) {
    ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 1);
    t.same(grants(ledger), [`grant ${expected}`]);
  }
  t.end();
});

t.test('a slot goes to a call of the worker that has its connection, for a while', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'u1', 's');
  ask(ledger, 2, 'u2', 's', { from: 2 });
  ask(ledger, 3, 'u3', 's');
  ask(ledger, 4, 'u4', 's');
  ledger.drain();
  const next = (from: number, nowMs = 1): string[] => {
    ledger.returned(from, RETURNED, nowMs);
    return brief(ledger.drain()).filter((line) => !line.startsWith('recall'));
  };
  t.same(next(1), ['grant 3'], 'before the older call in the other worker');
  ask(ledger, 5, 'u1', 's');
  t.same(next(1), ['grant 4']);
  t.same(next(1, 50), ['close 1 of s in 1'], 'a call that came later waits for the round');
  ledger.idleClosed(1, 1, 1);
  t.same(grants(ledger), ['grant 2']);
  t.same(next(2), ['close 1 of s in 2']);
  ledger.idleClosed(2, 1, 1);
  t.same(grants(ledger), ['grant 5']);
  t.end();
});

t.test(
  'a slot that moves is granted when the other worker has closed its connection',
  async (t) => {
    const moving = (): LeaseLedger => {
      const ledger = ledgerWith({}, { s: 1 });
      ask(ledger, 1, 'ana', 's');
      ledger.returned(1, RETURNED, 1);
      ledger.drain();
      ask(ledger, 2, 'bo', 's', { from: 2 });
      t.same(brief(ledger.drain()), ['close 1 of s in 1']);
      t.equal(ledger.out('server', 's'), 1, 'nobody else gets it meanwhile');
      return ledger;
    };
    await t.test('it says so', (t) => {
      const ledger = moving();
      ledger.idleClosed(2, 1, 2);
      t.same(grants(ledger), [], 'not when another one does');
      ledger.idleClosed(1, 7, 2);
      t.same(grants(ledger), ['grant 2'], 'once, whatever it says');
      t.end();
    });
    await t.test('or has ended', (t) => {
      const ledger = moving();
      ledger.workerExited(1, 2);
      t.same(grants(ledger), ['grant 2']);
      t.end();
    });
    await t.test('if the caller is gone by then, it is free', (t) => {
      const ledger = moving();
      ledger.workerExited(2, 2);
      ask(ledger, 3, 'cy', 's');
      t.equal(ledger.out('server', 's'), 1, 'not before: the connection is still there');
      t.same(grants(ledger), []);
      ledger.idleClosed(1, 1, 3);
      t.same(grants(ledger), ['grant 3']);
      t.end();
    });
  },
);

t.test('a slot moves at once where no connection has to be closed', (t) => {
  const cold = ledgerWith({}, { s: 2 });
  ask(cold, 1, 'ana', 's');
  cold.returned(1, RETURNED, 1);
  cold.drain();
  ask(cold, 2, 'bo', 's', { from: 2 });
  t.same(brief(cold.drain()), ['grant 2'], 'the other slot never had one');
  const hosted = ledgerWith({ keepsConnections: () => false }, { s: 1 });
  ask(hosted, 1, 'ana', 's');
  hosted.returned(1, RETURNED, 1);
  hosted.drain();
  ask(hosted, 2, 'bo', 's', { from: 2 });
  t.same(brief(hosted.drain()), ['grant 2'], 'its server has none');
  t.end();
});

t.test('connections of slots that a lower limit takes away are closed', (t) => {
  const ledger = ledgerWith({}, { s: 3 });
  for (const ticket of [1, 2, 3]) ask(ledger, ticket, `u${ticket}`, 's');
  ledger.returned(1, { kind: 'server', key: 's', count: 2 }, 1);
  ledger.drain();
  ledger.setServer('s', 2, 2);
  t.same(brief(ledger.drain()), ['close 1 of s in 1'], 'one is busy, one may stay');
  ledger.setServer('s', 0, 3);
  t.match(brief(ledger.drain()), ['recall server s from 1', 'close 1 of s in 1']);
  ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 4);
  t.same(brief(ledger.drain()), ['close 1 of s in 1'], 'the busy one, when its call is over');
  t.end();
});

t.test('servers share a scarce total turn by turn', (t) => {
  const ledger = ledgerWith({ maxTotal: 1 }, { a: 10, b: 10 });
  ask(ledger, 1, 'u1', 'a');
  for (let ticket = 2; ticket < 6; ticket += 1) ask(ledger, ticket, 'u1', 'a');
  ask(ledger, 10, 'u2', 'b');
  t.same(grants(ledger), ['grant 1']);
  for (const [server, expected] of [
    ['a', 2],
    ['a', 10],
    ['b', 3],
    ['a', 4],
  ] as const) {
    ledger.returned(1, { kind: 'server', key: server, count: 1 }, 1);
    // In total there may be one connection: that of the other server goes first.
    ledger.idleClosed(1, 1, 1);
    t.same(grants(ledger), [`grant ${expected}`]);
  }
  t.end();
});

t.test(
  'a user at its own limit holds up nobody, and is served when it frees a slot anywhere',
  (t) => {
    const ledger = ledgerWith({ maxPerUser: 1 }, { a: 10, b: 10 });
    ask(ledger, 1, 'ana', 'a');
    ask(ledger, 2, 'ana', 'a');
    ask(ledger, 3, 'ana', 'b');
    ask(ledger, 4, 'bo', 'a');
    t.same(brief(ledger.drain()), ['grant 1', 'recall user ana from 1', 'grant 4']);
    ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 1);
    t.same(grants(ledger), ['grant 2']);
    ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 1);
    t.same(grants(ledger), ['grant 3']);
    t.end();
  },
);

t.test('a call that counts on two accounts waits for both, and holds up nobody else', (t) => {
  const ledger = ledgerWith({ maxPerUser: 5 }, { s: 10 });
  const within = { name: 'shared', limit: 1 };
  ask(ledger, 1, 'ana', 's', { within });
  ask(ledger, 2, 'bo', 's', { within });
  ask(ledger, 3, 'cy', 's');
  t.same(brief(ledger.drain()), ['grant 1', 'recall user shared from 1', 'grant 3']);
  t.equal(ledger.out('user', 'shared'), 1);
  ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 1);
  t.same(grants(ledger), [], 'the slot of the one user helps nobody');
  ledger.returned(1, { kind: 'user', key: 'shared', count: 1 }, 1);
  t.match(ledger.drain(), [{ kind: 'grant', ticket: 2, within: 'shared', brokered: 'user' }]);
  ask(ledger, 4, 'bo', 's', { within: { name: 'shared', limit: 2 } });
  t.same(grants(ledger), ['grant 4'], 'a raised limit holds at once');
  ask(ledger, 5, 'bo', 's', { within, atMs: 2 });
  ledger.tick(1002);
  t.same(grants(ledger), ['refuse 5 user-busy']);
  ledger.workerExited(1, 1003);
  t.equal(ledger.snapshot().users, 0, 'and it is forgotten with its worker');
  t.end();
});

t.test('own limits stay when the common one changes, though they were the same', (t) => {
  const ledger = ledgerWith({ maxPerUser: 2 }, { s: 10 });
  ask(ledger, 1, 'ana', 's', { maxPerUser: 2 });
  ask(ledger, 2, 'bo', 's');
  ask(ledger, 3, 'bo', 's');
  ask(ledger, 4, 'bo', 's');
  ledger.configure({ ...WIDE, maxPerUser: 3 }, 1);
  t.same(grants(ledger), ['grant 1', 'grant 2', 'grant 3', 'grant 4'], 'the common one is raised');
  ledger.configure({ ...WIDE, maxPerUser: 1 }, 2);
  ask(ledger, 5, 'ana', 's', { maxPerUser: 2 });
  ask(ledger, 6, 'cy', 's');
  t.same(grants(ledger), ['grant 5', 'grant 6']);
  t.end();
});

t.test(
  'a blocked ticket recalls, twice per brokered period and no more, from holders only',
  (t) => {
    const ledger = ledgerWith({ brokerMs: 400 }, { s: 1 });
    ask(ledger, 1, 'ana', 's');
    ledger.drain();
    ask(ledger, 2, 'bo', 's', { from: 2 });
    ask(ledger, 3, 'cy', 's', { from: 2 });
    t.same(brief(ledger.drain()), ['recall server s from 1']);
    ledger.tick(199);
    t.same(ledger.drain(), []);
    ledger.tick(200);
    t.same(brief(ledger.drain()), ['recall server s from 1']);
    ledger.returned(1, RETURNED, 210);
    t.match(ledger.drain(), [{ kind: 'close-idle', to: 1, server: 's', count: 1 }]);
    ledger.idleClosed(1, 1, 210);
    const grant = { kind: 'grant', to: 2, ticket: 2, brokered: 'server', brokerMs: 400 };
    t.match(ledger.drain(), [grant]);
    t.end();
  },
);

t.test('the recall of a user at its limit is repeated while one of its tickets waits', (t) => {
  const ledger = ledgerWith({ maxPerUser: 1, brokerMs: 400 }, { s: 5 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'ana', 's', { from: 2 });
  ledger.drain();
  ledger.tick(199);
  t.same(ledger.drain(), []);
  ledger.tick(200);
  t.same(brief(ledger.drain()), ['recall user ana from 1']);
  ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 300);
  t.match(ledger.drain(), [{ kind: 'grant', ticket: 2, brokered: 'user' }]);
  ledger.tick(900);
  t.same(ledger.drain(), []);
  t.end();
});

t.test(
  'a total in use recalls the idle slots of every server, and its grants are brokered',
  (t) => {
    const ledger = ledgerWith({ maxTotal: 1, brokerMs: 400 }, { a: 1, b: 1 });
    ask(ledger, 1, 'ana', 'a');
    ask(ledger, 2, 'bo', 'b', { from: 2 });
    ledger.tick(199);
    t.same(brief(ledger.drain()), ['grant 1', 'recall total  from 1']);
    ledger.returned(1, { kind: 'server', key: 'a', count: 1 }, 399);
    t.same(brief(ledger.drain()), ['close 1 of a in 1'], 'a connection of its counts as well');
    ledger.idleClosed(1, 1, 399);
    t.match(ledger.drain(), [{ ticket: 2, brokered: 'server' }]);
    t.end();
  },
);

t.test('the half a worker surrenders with its ticket goes to whoever waited longer', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'bo', 's', { from: 2 });
  ledger.drain();
  ask(ledger, 3, 'cy', 's', { surrendered: 'server' });
  ledger.idleClosed(1, 1, 0);
  t.same(grants(ledger), ['grant 2']);
  t.equal(ledger.out('server', 's'), 1);
  t.end();
});

t.test('refuses with the bound that is reached, and counts users over all servers', (t) => {
  const ledger = ledgerWith({ maxQueued: 3, maxQueuedPerUser: 2 }, { a: 1, b: 1 });
  ask(ledger, 1, 'ana', 'a');
  ask(ledger, 2, 'ana', 'b');
  ask(ledger, 3, 'ana', 'a');
  ask(ledger, 4, 'ana', 'b');
  ask(ledger, 5, 'ana', 'a');
  ask(ledger, 6, 'bo', 'a');
  ask(ledger, 7, 'cy', 'a');
  ask(ledger, 8, 'cy', 'nowhere');
  t.same(grants(ledger), [
    'grant 1',
    'grant 2',
    'refuse 5 user-queue-full',
    'refuse 7 queue-full',
    'refuse 8 server-unknown',
  ]);
  ledger.cancel(1, 3);
  ask(ledger, 9, 'ana', 'a');
  t.same(grants(ledger), [], 'a cancelled ticket made room');
  ledger.tick(999);
  t.same(grants(ledger), []);
  ledger.tick(1000);
  t.same(grants(ledger), [
    'refuse 6 queue-timeout',
    'refuse 9 queue-timeout',
    'refuse 4 queue-timeout',
  ]);
  t.equal(ledger.snapshot().queued, 0);
  t.end();
});

t.test('nobody whose time is up is granted, even if no tick came in between', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'bo', 's');
  ask(ledger, 3, 'cy', 's', { atMs: 500 });
  ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 1000);
  t.same(grants(ledger), ['grant 1', 'refuse 2 queue-timeout', 'grant 3']);
  t.end();
});

t.test('sheds early when asked to: a backlog that goes on being fed waits only so long', (t) => {
  const shedEarly = { minIntervalMs: 100, targetRatio: 0.5 };
  const ledger = ledgerWith({ shedEarly, maxQueued: 100, maxQueuedPerUser: 50 }, { s: 1 });
  ledger.setServiceTime('s', 40);
  ask(ledger, 1, 'ana', 's');
  for (let id = 2; id <= 22; id += 1) ask(ledger, id, 'bo', 's', { atMs: id * 10 });
  ledger.tick(199);
  t.same(
    grants(ledger).filter((each) => each.startsWith('refuse')),
    Array.from({ length: 19 }, (_, i) => `refuse ${i + 2} shed`),
    'all but those of the last 20 ms',
  );
  t.end();
});

t.test("a wait that the user's own calls made vain says so", (t) => {
  const ledger = ledgerWith({ maxPerUser: 1, queueTimeoutMs: 1000 }, { s: 5 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'ana', 's');
  ledger.tick(1000);
  t.same(grants(ledger).at(-1), 'refuse 2 user-busy');
  t.end();
});

t.test('lowering a limit recalls what may lie idle above it', (t) => {
  const ledger = ledgerWith({ brokerMs: 400 }, { s: 2 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'bo', 's', { from: 2 });
  ledger.drain();
  ledger.setServer('s', 1, 0);
  t.same(brief(ledger.drain()), ['recall server s from 1', 'recall server s from 2']);
  ledger.configure({ ...WIDE, maxTotal: 1 }, 0);
  t.same(brief(ledger.drain()), ['recall total  from 1', 'recall total  from 2']);
  t.end();
});

t.test('limits can change while calls are in flight', (t) => {
  const ledger = ledgerWith({ maxTotal: 3 }, { s: 2 });
  for (let ticket = 1; ticket <= 5; ticket += 1) ask(ledger, ticket, `u${ticket}`, 's');
  ledger.setServer('s', 1, 0);
  ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 0);
  t.same(grants(ledger), ['grant 1', 'grant 2'], 'one out is enough for the lower limit');
  ledger.setServer('s', 10, 0);
  t.same(grants(ledger), ['grant 3', 'grant 4'], 'up to the total');
  ledger.configure({ ...WIDE, maxTotal: 1 }, 0);
  ledger.returned(1, { kind: 'server', key: 's', count: 2 }, 0);
  t.same(grants(ledger), []);
  ledger.configure({ ...WIDE, maxTotal: 2 }, 0);
  t.same(grants(ledger), ['grant 5']);
  t.end();
});

t.test('a lowered budget of users holds for what comes, a raised one serves who waits', (t) => {
  const ledger = ledgerWith({ maxPerUser: 2, brokerMs: 400 }, { s: 10 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'ana', 's', { from: 2 });
  ledger.drain();
  ledger.configure({ ...WIDE, maxPerUser: 1 }, 0);
  t.same(brief(ledger.drain()), ['recall user ana from 1', 'recall user ana from 2']);
  ask(ledger, 3, 'ana', 's');
  ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 1);
  t.same(grants(ledger), [], 'one is out still, and one is the limit');
  ledger.configure({ ...WIDE, maxPerUser: 2 }, 2);
  t.same(grants(ledger), ['grant 3']);
  t.end();
});

t.test('a shorter time and a smaller queue hold for who waits and who comes', (t) => {
  const ledger = ledgerWith({ queueTimeoutMs: 10_000 }, { s: 1 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'bo', 's');
  ask(ledger, 3, 'cy', 's');
  ledger.configure({ ...WIDE, queueTimeoutMs: 500, maxQueued: 1 }, 0);
  t.same(grants(ledger), ['grant 1'], 'nobody who waits is sent away by the smaller queue');
  ask(ledger, 4, 'dee', 's');
  t.same(brief(ledger.drain()).at(-1), 'refuse 4 queue-full');
  ledger.tick(501);
  t.same(grants(ledger), ['refuse 2 queue-timeout', 'refuse 3 queue-timeout']);
  t.end();
});

t.test('a closed server refuses who waits and who comes; what is in flight ends in peace', (t) => {
  const ledger = ledgerWith({}, { s: 1, unused: 1 });
  ask(ledger, 1, 'ana', 's');
  ask(ledger, 2, 'bo', 's');
  ledger.closeServer('s', 0);
  ask(ledger, 3, 'cy', 's');
  t.same(
    brief(ledger.drain()),
    ['grant 1', 'recall server s from 1', 'refuse 2 server-closed', 'refuse 3 server-closed'],
    'the recall was for ticket 2; one more is not due',
  );
  ledger.closeServer('unused', 0);
  ledger.closeServer('nowhere', 0);
  t.same(
    ledger.snapshot().servers.map(({ server, out }) => [server, out]),
    [['s', 1]],
  );
  ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 1);
  t.same(ledger.snapshot().servers, [], 'forgotten when its last slot is home');
  t.equal(ledger.snapshot().total.out, 0);
  ledger.setServer('s', 1, 2);
  ask(ledger, 4, 'cy', 's');
  t.same(grants(ledger), ['grant 4']);
  t.end();
});

t.test('closing recalls what lies idle', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'ana', 's');
  ledger.drain();
  ledger.closeServer('s', 0);
  t.same(brief(ledger.drain()), ['recall server s from 1']);
  t.end();
});

t.test('a server opened again before its slots are home still counts them', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'ana', 's');
  ledger.closeServer('s', 0);
  ledger.setServer('s', 1, 0);
  ask(ledger, 2, 'bo', 's');
  t.same(grants(ledger), ['grant 1']);
  ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 1);
  t.same(grants(ledger), ['grant 2']);
  t.end();
});

t.test(
  'the exit of a worker brings back all it held, and its late words count for nothing',
  (t) => {
    const ledger = ledgerWith({}, { s: 2 });
    ask(ledger, 1, 'ana', 's');
    ask(ledger, 2, 'ana', 's');
    ask(ledger, 3, 'bo', 's');
    ask(ledger, 4, 'cy', 's', { from: 2 });
    t.same(grants(ledger), ['grant 1', 'grant 2']);
    ledger.workerExited(1, 10);
    t.same(grants(ledger), ['grant 4'], 'its own ticket 3 is gone with it');
    ledger.returned(1, { kind: 'server', key: 's', count: 2 }, 11);
    ask(ledger, 5, 'ana', 's', { from: 1 });
    ledger.cancel(1, 3);
    ledger.workerExited(1, 12);
    t.same(ledger.drain(), []);
    t.same(ledger.snapshot(), {
      total: { out: 1, limit: 100 },
      queued: 0,
      users: 1,
      servers: [{ server: 's', out: 1, limit: 2, queued: 0 }],
      excessReturns: 0,
    });
    t.end();
  },
);

t.test('returns of what is not out are counted and not believed', (t) => {
  const ledger = ledgerWith({}, { s: 1 });
  ask(ledger, 1, 'ana', 's');
  ledger.returned(2, { kind: 'server', key: 's', count: 1 }, 0);
  ledger.returned(1, { kind: 'user', key: 'ana', count: 3 }, 0);
  t.equal(ledger.snapshot().excessReturns, 3);
  t.equal(ledger.out('server', 's'), 1);
  t.equal(ledger.out('user', 'ana'), 0);
  t.end();
});

t.test("a user's own limit holds from the ticket that names it", (t) => {
  const ledger = new LeaseLedger({ ...OPTIONS, maxPerUser: 2, brokerMs: 400 });
  ledger.setServer('s', 5, 0);
  ledger.workerStarted(1);
  let id = 0;
  const ask = (maxPerUser?: number): readonly LedgerMessage[] => {
    id += 1;
    ledger.ticket(1, { ticket: id, user: 'ana', server: 's', maxPerUser }, 0);
    return ledger.drain();
  };
  t.match(ask(), [{ kind: 'grant' }]);
  t.match(ask(), [{ kind: 'grant' }]);
  t.match(ask(), [{ kind: 'recall', scope: 'user' }], 'the common limit is used up');
  t.match(ask(4), [
    { kind: 'grant', ticket: 3 },
    { kind: 'grant', ticket: 4 },
  ]);
  t.equal(ledger.out('user', 'ana'), 4);
  t.equal(ask(1).filter(({ kind }) => kind === 'grant').length, 0, 'lowered: nothing more');
  for (let back = 0; back < 3; back += 1) {
    ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 1);
    ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 1);
  }
  t.equal(ledger.drain().filter(({ kind }) => kind === 'grant').length, 0);
  ledger.returned(1, { kind: 'user', key: 'ana', count: 1 }, 1);
  ledger.returned(1, { kind: 'server', key: 's', count: 1 }, 1);
  t.match(ledger.drain(), [{ kind: 'grant', ticket: 5 }]);
  t.end();
});
