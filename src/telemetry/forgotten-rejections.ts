/**
 * What a process does when a promise is rejected and nobody looks: it says so and goes on. Node.js would
 * end it, and with it the calls of every other client, for a fault in the handling of one.
 */
import type { Logger } from 'pino';

/** `log`: null as long as the process has none; it then ends, as a process that cannot start should. */
export function logForgottenRejections(log: () => Logger | null): void {
  process.on('unhandledRejection', (thrown) => {
    const opened = log();
    if (opened === null) throw thrown;
    opened.error({ err: thrown }, 'a promise was rejected and nobody looked; please report this');
  });
}
