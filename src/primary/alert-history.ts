/**
 * Alerts in the store, so that they are still known after a restart of the gateway. Written in the
 * background and in order: while the store is away they wait here, the oldest give way when there are too
 * many, and nobody ever waits for them. A write whose answer was lost is made again, so the same message may
 * be there twice: readers take one.
 */
import type { AlertEntry } from '../store/event-log.js';
import type { Store } from '../store/store.js';
import { ALERT_KINDS, type AlertName } from '../policy/alert-kinds.js';
import { AlertDelivery, type DeliveryCounts } from '../telemetry/alert-delivery.js';
import type { AlertNotice } from '../telemetry/alert-notice.js';
import { AlertSinkError, type AlertSink } from '../telemetry/alert-sink.js';

export interface AlertHistoryOptions {
  readonly events: Store['alerts'];
  readonly log: { warn(facts: object, text: string): void };
  /** Before the second attempt to write or read; later ones wait longer, 30 s at most. Default 1 000. */
  readonly firstDelayMs?: number;
}

/** Hours of a bad day. */
const MAX_WAITING = 1000;
const MAX_DELAY_MS = 30_000;
const FIRST_DELAY_MS = 1000;
/** As many as are remembered without the store (alerts.ts). */
const RECALLED = 200;
/** Pages of 1000; the store keeps 2000 and a little more. */
const MAX_PAGES = 3;

export class AlertHistory {
  readonly #options: AlertHistoryOptions;
  readonly #delivery: AlertDelivery;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: AlertHistoryOptions) {
    this.#options = options;
    const { events, log, firstDelayMs = FIRST_DELAY_MS } = options;
    this.#delivery = new AlertDelivery({
      ...{ sink: storeSink(events), log, firstDelayMs, maxDelayMs: MAX_DELAY_MS },
      ...{ maxAttempts: Infinity, maxQueued: MAX_WAITING },
    });
  }

  /** Writes it soon. Never waits. */
  record(notice: AlertNotice): void {
    this.#delivery.send(notice);
  }

  /** Hands over the last ones that were kept, oldest first, as soon as the store gives them. */
  recall(onRecalled: (notices: readonly AlertNotice[]) => void): void {
    const { firstDelayMs = FIRST_DELAY_MS } = this.#options;
    const attempt = (delayMs: number): void => {
      this.#options.events.list({ limit: RECALLED }).then(
        (entries) => {
          if (!this.#isClosed) onRecalled(noticesOf(entries).toReversed());
        },
        () => {
          if (this.#isClosed) return;
          this.#timer = setTimeout(() => {
            attempt(Math.min(MAX_DELAY_MS, 2 * delayMs));
          }, delayMs);
        },
      );
    };
    attempt(firstDelayMs);
  }

  /** Everything that is kept, newest first. Rejects when the store is away. */
  async all(): Promise<readonly AlertNotice[]> {
    const entries: (AlertEntry & { readonly id: string })[] = [];
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const more = await this.#options.events.list({ beforeId: entries.at(-1)?.id });
      entries.push(...more);
      if (more.length === 0) break;
    }
    return noticesOf(entries);
  }

  counts(): DeliveryCounts {
    return this.#delivery.counts();
  }

  /** Gives what waits one attempt each, for a few seconds in all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#delivery.close();
  }
}

function storeSink(events: Store['alerts']): AlertSink {
  return {
    name: 'store',
    deliver: async (notice) => {
      try {
        await events.append(entryOf(notice));
      } catch (thrown) {
        // The driver's words may hold an address with a password; the kind of error does not.
        throw new AlertSinkError(thrown instanceof Error ? thrown.name : 'unknown fault', true);
      }
    },
  };
}

function entryOf(notice: AlertNotice): AlertEntry {
  const { at, kind, message, ...detail } = notice;
  const { alert, target } = notice;
  return {
    at,
    cause: target === null ? alert : `${alert} ${target}`,
    state: kind === 'recovery' ? 'recovered' : 'raised',
    message,
    detail,
  };
}

/** Of entries newest first; what another version wrote and this one cannot read is left out. */
function noticesOf(entries: readonly AlertEntry[]): readonly AlertNotice[] {
  const notices = new Map<string, AlertNotice>();
  for (const { at, cause, state, message, detail } of entries) {
    const { alert, target = null, since, durationMs, suppressed, gateway } = detail;
    if (!isAlertName(alert) || (target !== null && typeof target !== 'string')) continue;
    notices.set(`${at} ${state} ${cause} ${String(gateway)}`, {
      kind: state === 'recovered' ? 'recovery' : 'alert',
      ...{ alert, target, message, at },
      severity: ALERT_KINDS[alert].severity,
      since: typeof since === 'string' ? since : at,
      durationMs: typeof durationMs === 'number' ? durationMs : null,
      suppressed: typeof suppressed === 'number' ? suppressed : 0,
      gateway: typeof gateway === 'string' ? gateway : '',
    });
  }
  return [...notices.values()];
}

function isAlertName(value: unknown): value is AlertName {
  return typeof value === 'string' && Object.hasOwn(ALERT_KINDS, value);
}
