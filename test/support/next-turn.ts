/** Resolves when everything that this turn of the event loop has scheduled for its end is done. */
import { setImmediate as afterPoll } from 'node:timers/promises';

export async function nextTurn(): Promise<void> {
  await afterPoll();
  // What was scheduled in that very phase runs in the next one.
  await afterPoll();
}
