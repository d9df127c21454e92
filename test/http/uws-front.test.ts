import t from 'tap';
import '../support/uws-env.js';
import { loadUwsFront } from '../../src/http/uws-front.js';
import { frontContract } from '../support/front-contract.js';
import { uwsSkip } from '../support/uws-skip.js';

const createFront = await loadUwsFront();
if (typeof createFront === 'function') frontContract(t, createFront, 'uws');
else {
  t.test('uWebSockets.js serves', { skip: uwsSkip }, async (t) => {
    t.fail(createFront.reason);
  });
}
