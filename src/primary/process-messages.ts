/** Who hears what the workers and hosts tell the primary, and who must know that one of them is gone. */
import type { Logger } from 'pino';
import type { WorkerToPrimary } from '../ipc/worker-messages.js';
import { asAdmissionDelta } from '../telemetry/admission-counts.js';
import type { AdmissionBroker } from './admission-broker.js';
import type { ComposedAlerts } from './compose-alerts.js';
import type { ComposedHealth } from './compose-health.js';
import type { ConfigSpread } from './config-spread.js';
import type { JwksKeeper } from './jwks-keeper.js';
import type { LogLevels } from './log-levels.js';
import type { PrimaryMetrics } from './metrics.js';
import type { ProcessEvents } from './process-tree.js';
import { answerQuery, type QuerySources } from './queries.js';
import type { Revocations } from './revocations.js';
import type { ToolPinBook } from './tool-pin-book.js';
import type { WorkerPlace } from './worker-place.js';

/** Each is read when a message comes: what needs the process tree itself is made after it. */
export interface MessageReaders {
  readonly admission: AdmissionBroker;
  readonly watching: ComposedAlerts;
  readonly health: ComposedHealth;
  readonly issuers: JwksKeeper;
  readonly revocations: Revocations;
  readonly toolPins: ToolPinBook;
  readonly metrics: PrimaryMetrics;
  readonly logLevels: LogLevels;
  readonly spread: ConfigSpread;
  readonly querySources: QuerySources;
  readonly log: Logger;
}

export function processEvents(readers: MessageReaders): ProcessEvents {
  const { admission, watching, health, issuers, revocations, toolPins, log } = readers;

  const onWorkerMessage = (place: WorkerPlace, message: WorkerToPrimary): void => {
    switch (message.type) {
      case 'worker-hello':
        admission.workerStarted(place.incarnation);
        return;
      case 'admission':
        admission.receive(place.incarnation, message.events);
        return;
      case 'worker-report':
        readers.metrics.onWorkerReport(place, message);
        watching.report(asAdmissionDelta(message.admission));
        return;
      case 'query':
        void answerQuery(place, message, readers.querySources);
        return;
      case 'server-checked':
        health.onChecked(message);
        return;
      case 'tools-seen':
        void toolPins.seen(message.server, message.tools);
        return;
      case 'revocation-applied':
        revocations.acknowledged(place, message.revocation);
        return;
      case 'issuer-keys-wanted':
        void (message.refresh ? issuers.askedRefresh() : Promise.resolve()).then(() => {
          place.process.send(issuers.message(message.refresh));
        });
        return;
      case 'worker-ready':
        admission.workerReady(place.incarnation);
        readers.logLevels.tell((level) => {
          place.process.send({ type: 'log-level', level });
        });
        health.onWorkerReady(place);
        return;
      case 'config-applied':
        readers.spread.confirmed(place, message.version);
        return;
      case 'worker-failed':
        log.error({ worker: place.index + 1, reason: message.reason }, 'a worker did not start');
    }
  };

  return {
    onWorkerMessage,
    onWorkerExit: (place) => {
      admission.workerExited(place.incarnation);
      revocations.workerGone(place);
      readers.metrics.onWorkerExit(place);
      readers.spread.confirmed(place, Infinity);
    },
    onHostMessage: (place, message) => {
      readers.metrics.onHostMessage(place, message);
      if (message.type === 'host-ready') {
        readers.logLevels.tell((level) => {
          place.process.send({ type: 'host-log-level', level });
        });
      }
      if (message.type === 'host-config-applied') readers.spread.confirmed(place, message.version);
      if (message.type === 'host-failed')
        log.error({ reason: message.reason }, 'an upstream host did not start');
    },
    onHostExit: (place) => {
      readers.metrics.onHostExit(place);
      readers.spread.confirmed(place, Infinity);
    },
  };
}
