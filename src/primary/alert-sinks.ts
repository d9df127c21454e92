/**
 * Where alerts go besides the log, as the configuration has it now. A reload replaces only the sinks
 * whose settings changed: what waits for an untouched one still gets there, and what a replaced one has
 * still to deliver gets one more attempt. What was counted of a sink goes on through replacements.
 */
import { isDeepStrictEqual } from 'node:util';
import type { MonitoringConfig } from '../../config/config.js';
import { processEnv } from '../../config/load.js';
import { createAlertCommand } from '../telemetry/alert-command.js';
import { AlertDelivery, type DeliveryCounts } from '../telemetry/alert-delivery.js';
import type { AlertNotice } from '../telemetry/alert-notice.js';
import type { AlertSink } from '../telemetry/alert-sink.js';
import { createAlertWebhook } from '../telemetry/alert-webhook.js';

type SinkSettings = Pick<MonitoringConfig, 'webhook' | 'command'>;

export type SinkCounts = Pick<DeliveryCounts, 'delivered' | 'lost'>;

interface Kept {
  readonly settings: unknown;
  readonly delivery: AlertDelivery;
}

/** What a program needs to run; the rest of the environment may hold secrets. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'];

export class AlertSinks {
  readonly #log: { warn(facts: object, text: string): void };
  #sinks = new Map<string, Kept>();
  /** On their way out; few, and for seconds. */
  readonly #closing = new Set<AlertDelivery>();
  /** By name, of those that are gone. */
  readonly #former = new Map<string, SinkCounts>();

  constructor(settings: SinkSettings, log: { warn(facts: object, text: string): void }) {
    this.#log = log;
    this.configure(settings);
  }

  configure({ webhook, command }: SinkSettings): void {
    const before = this.#sinks;
    this.#sinks = new Map();
    this.#keep(before, 'webhook', webhook, createAlertWebhook);
    this.#keep(before, 'command', command, (settings) =>
      createAlertCommand({ ...settings, env: inherited() }),
    );
    for (const { delivery } of before.values()) this.#retire(delivery);
  }

  /** Hands it to every sink. Never waits. */
  send(notice: AlertNotice): void {
    for (const { delivery } of this.#sinks.values()) delivery.send(notice);
  }

  /** Those that are configured now. */
  get sinks(): readonly AlertSink[] {
    return Array.from(this.#sinks.values(), ({ delivery }) => delivery.sink);
  }

  /** By name, of every sink there ever was. */
  counts(): ReadonlyMap<string, SinkCounts> {
    const counts = new Map(Array.from(this.#former, ([name, sums]) => [name, { ...sums }]));
    for (const { delivery } of this.#sinks.values()) add(counts, delivery);
    for (const delivery of this.#closing) add(counts, delivery);
    return counts;
  }

  /** Gives what is queued one attempt each, for a few seconds in all. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#sinks.values(), ({ delivery }) => delivery.close()));
  }

  #keep<Settings>(
    before: Map<string, Kept>,
    name: string,
    settings: Settings | null,
    create: (settings: Settings) => AlertSink,
  ): void {
    if (settings === null) return;
    const known = before.get(name);
    if (known !== undefined && isDeepStrictEqual(known.settings, settings)) {
      this.#sinks.set(name, known);
      before.delete(name);
      return;
    }
    const delivery = new AlertDelivery({ sink: create(settings), log: this.#log });
    this.#sinks.set(name, { settings, delivery });
  }

  #retire(delivery: AlertDelivery): void {
    this.#closing.add(delivery);
    void delivery.close().then(() => {
      this.#closing.delete(delivery);
      add(this.#former, delivery);
    });
  }
}

function add(counts: Map<string, SinkCounts>, delivery: AlertDelivery): void {
  const { delivered, lost } = delivery.counts();
  const known = counts.get(delivery.sink.name) ?? { delivered: 0, lost: 0 };
  counts.set(delivery.sink.name, {
    delivered: known.delivered + delivered,
    lost: known.lost + lost,
  });
}

function inherited(): Record<string, string> {
  const environment = processEnv();
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
