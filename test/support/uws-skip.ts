import './uws-env.js';
import { loadUwsFront } from '../../src/http/uws-front.js';

const uws = await loadUwsFront();

/**
 * Why tests of the uWebSockets.js front are skipped here, for tap's `skip`: its binaries for Node.js 22 and
 * newer need glibc 2.38. That for Node.js 20 has to load everywhere.
 */
export const uwsSkip =
  typeof uws !== 'function' && !process.versions.node.startsWith('20.') ? uws.reason : false;
