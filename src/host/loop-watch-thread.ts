/**
 * The thread of loop-watch.ts: when the loop has not moved for too long it asks V8's debugger where it is, which
 * answers from within the loop that runs, and logs that with the module's server.
 */
import { Session, type Debugger } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import { createProgramLog } from '../telemetry/log.js';
import type { WatchedLoop } from './loop-watch.js';
import { moduleAtFault } from './module-at-fault.js';

const LOOK_MS = 500;
const ANSWER_TIMEOUT_MS = 1_000;

const { beats, heldMs, log: logOptions, modules: firstModules } = workerData as WatchedLoop;
const counter = new Int32Array(beats);
const programLog = createProgramLog(logOptions);
let modules = firstModules;
let lastBeat = -1;
/** Looks of this thread, not time: a machine that stood still has held nothing. */
let looksWithoutBeat = 0;

parentPort?.on('message', (next: ReadonlyMap<string, string>) => {
  modules = next;
});

setInterval(() => {
  const beat = Atomics.load(counter, 0);
  looksWithoutBeat = beat === lastBeat ? looksWithoutBeat + 1 : 0;
  lastBeat = beat;
  if (looksWithoutBeat * LOOK_MS === heldMs) void tell();
}, LOOK_MS);

async function tell(): Promise<void> {
  const stack = await whereItIs();
  if (stack === null) return; // It is in native code, or has just moved on.
  const server = moduleAtFault(stack, modules);
  programLog.reopen(); // Nobody tells this thread of rotations.
  programLog.log.error(
    { ...(server !== null && { server }), heldMs, stack },
    server === null
      ? 'the event loop of the upstream host is held'
      : 'a module holds the event loop of the upstream host: no server of it answers',
  );
  programLog.flush();
}

parentPort?.postMessage('watching');

/** The stack of the main thread, or null where it does not stop to tell. */
async function whereItIs(): Promise<string | null> {
  const session = new Session();
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => {
    urls.set(scriptId, url);
  });
  try {
    session.connectToMainThread();
    return await new Promise<string | null>((resolve) => {
      setTimeout(() => {
        resolve(null);
      }, ANSWER_TIMEOUT_MS);
      session.once('Debugger.paused', ({ params: { callFrames } }) => {
        session.post('Debugger.resume');
        resolve(callFrames.map((frame) => lineOf(frame, urls)).join('\n'));
      });
      session.post('Debugger.enable');
      session.post('Debugger.pause');
    });
  } finally {
    session.disconnect();
  }
}

function lineOf(
  { functionName, location }: Debugger.CallFrame,
  urls: ReadonlyMap<string, string>,
): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location;
  const place = `${urls.get(scriptId) ?? 'unknown'}:${lineNumber + 1}:${columnNumber + 1}`;
  return `at ${functionName === '' ? '<anonymous>' : functionName} (${place})`;
}
