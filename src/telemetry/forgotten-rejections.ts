/**
 * What a process does when a promise is rejected and nobody looks: it says so and goes on. Node.js would
 * end it, and with it the calls of every other client, for a fault in the handling of one.
 */
import type { Logger } from 'pino';

/**
 * `log`: null as long as the process has none; it then ends, as a process that cannot start should. `serverAtFault`: whose
 * module it was; nobody's in a process without modules.
 */
export function logForgottenRejections(
  log: () => Logger | null,
  serverAtFault: (thrown: unknown) => string | null = () => null,
): void {
  process.on('unhandledRejection', (thrown) => {
    const opened = log();
    if (opened === null) throw thrown;
    const server = serverAtFault(thrown);
    if (server === null) {
      opened.error({ err: thrown }, 'a promise was rejected and nobody looked; please report this');
    } else {
      opened.error({ server, err: thrown }, 'a promise of a module was rejected and nobody looked');
    }
  });
}
