import t from 'tap';
import '../support/uws-env.js';
import { loadUwsFront } from '../../src/http/uws-front.js';
import { frontContract } from '../support/front-contract.js';

const createFront = await loadUwsFront();
if (typeof createFront === 'function') frontContract(t, createFront, 'uws');
else t.fail(`uWebSockets.js does not load: ${createFront.reason}`);
