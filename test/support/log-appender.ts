/** A process that appends numbered lines to a request log, opens it again when told, and says at its end how many. */
import { requestRecord } from './request-record.js';
import type { RequestId } from '../../src/kernel/ids.js';
import { openRequestLog } from '../../src/telemetry/request-log.js';

const LINES_A_TURN = 20;
const [, , file = '', name = ''] = process.argv;
const requests = openRequestLog(file);
let count = 0;

const turns = setInterval(() => {
  for (let line = 0; line < LINES_A_TURN; line += 1) {
    count += 1;
    const requestId = `${name}-${count}` as RequestId;
    const target = 'x'.repeat(count % 200);
    requests.write(requestRecord({ requestId, user: name, target, bytes: count }));
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
