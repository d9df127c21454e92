/** Which front serves, and on how many connections where the configuration says neither. */
import type { Config } from '../../config/config.js';
import { openFileLimit } from '../kernel/open-file-limit.js';
import type { CreateFront } from './front.js';
import { createNodeFront } from './node-front.js';
import { loadUwsFront } from './uws-front.js';

/** Where the limit is unknown: the usual soft limit of a service. */
const ASSUMED_FILE_LIMIT = 1024;

export interface ChosenFront {
  readonly createFront: CreateFront;
  /** For the start banner and `doctor`. */
  readonly reason: string;
}

/** Rejects when the front that the configuration names does not load. */
export async function chooseFront(wanted: Config['front']): Promise<ChosenFront> {
  if (wanted === 'node')
    return { createFront: createNodeFront, reason: 'the configuration says so' };
  const uws = await loadUwsFront();
  if (typeof uws === 'function') return { createFront: uws, reason: 'uWebSockets.js loads here' };
  if (wanted === 'uws') throw new Error(`global.front is "uws", but: ${uws.reason}`);
  return { createFront: createNodeFront, reason: `uWebSockets.js does not load: ${uws.reason}` };
}

/** Each connection of a client may need one to a server. */
export async function halfTheFiles(): Promise<number> {
  return Math.floor(((await openFileLimit()) ?? ASSUMED_FILE_LIMIT) / 2);
}
