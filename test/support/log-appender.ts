/** A process that appends numbered lines to a request log, opens it again when told, and says at its end how many. */
import type { RequestId } from '../../src/kernel/ids.js';
import { openRequestLog } from '../../src/telemetry/request-log.js';

const LINES_A_TURN = 20;
const [, , file = '', name = ''] = process.argv;
const requests = await openRequestLog(file);
let count = 0;

const turns = setInterval(() => {
  for (let line = 0; line < LINES_A_TURN; line += 1) {
    count += 1;
    requests.write({
      requestId: `${name}-${count}` as RequestId,
      server: 'files',
      user: name,
      clientAddress: '127.0.0.1',
      httpMethod: 'POST',
      method: 'tools/call',
      target: 'x'.repeat(count % 200),
      status: 200,
      reason: 'ok',
      bytes: count,
      totalMs: 1,
      queueMs: 0,
      upstreamMs: 1,
      error: null,
    });
  }
}, 1);
process.on('message', (message) => {
  if (message === 'reopen') {
    requests.reopen();
    return;
  }
  clearInterval(turns);
  requests.flush();
  process.send?.(count, () => {
    process.disconnect();
  });
});
process.on('disconnect', () => process.exit(0));
process.send?.('started');
