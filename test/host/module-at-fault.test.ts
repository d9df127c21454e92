import t from 'tap';
import { moduleAtFault } from '../../src/host/module-at-fault.js';

const MODULES = new Map([
  ['one', '/srv/one/main.mjs'],
  ['two', '/srv/two/main.mjs'],
  ['spaced', '/srv/my modules/main.mjs'],
  ['beside-a', '/srv/both/a.mjs'],
  ['beside-b', '/srv/both/b.mjs'],
]);

t.test(
  'a module is named by its file in the stack, or by its folder where only that one is',
  (t) => {
    const named = (stack: string): string | null => moduleAtFault(stack, MODULES);
    t.equal(named('Error: x\n    at f (file:///srv/two/main.mjs:3:5)'), 'two');
    t.equal(
      named('Error: x\n    at f (file:///srv/two/main.mjs?restart=2:3:5)'),
      'two',
      'restarted',
    );
    t.equal(named('Error: x\n    at f (file:///srv/my%20modules/main.mjs:3:5)'), 'spaced');
    t.equal(named('Error: x\n    at f (/srv/one/node_modules/lib/index.cjs:3:5)'), 'one');
    t.equal(named('Error: x\n    at f (file:///srv/both/b.mjs:3:5)'), 'beside-b');
    t.equal(named('Error: x\n    at f (file:///srv/both/lib.mjs:3:5)'), null, 'either of two');
    t.equal(named('Error: x\n    at node:internal/timers:581:17'), null);
    t.end();
  },
);
