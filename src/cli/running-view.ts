/**
 * What the running gateway says of itself, for commands that work without one too. Its port may come from an
 * environment that the command does not have, and it serves names that the file does not know.
 */
import type { StatusView } from '../admin/operations.js';
import { askGateway } from './admin-client.js';
import { isStatusView } from './admin-replies.js';

/** Short of the time that Docker gives a whole health check. */
const TIMEOUT_MS = 2000;

/** Null where no gateway says so: none runs here, or it cannot be asked. Never rejects. */
export async function runningView(socketPath: string): Promise<StatusView | null> {
  try {
    const call = { socketPath, method: 'GET', path: '/status', timeoutMs: TIMEOUT_MS } as const;
    const answer = await askGateway(call);
    return answer !== null && isStatusView(answer.json) ? answer.json : null;
  } catch {
    return null; // Whoever asks goes on with what the file says.
  }
}
