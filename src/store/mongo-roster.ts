/** The roster of machines in MongoDB: a collection with a document for each, its value as JSON text. */
import type { Collection } from 'mongodb';
import { GatewayError } from '../kernel/errors.js';
import { toJsonText } from './document-rules.js';
import { MAX_MACHINES, type MachineEntry, type MachineRoster } from './machine-roster.js';
import type { MongoConnection } from './mongo-connection.js';
import { integerOf, isRow, textOf } from './stored-row.js';

const MACHINES = 'machines';

interface Kept {
  readonly _id: string;
  readonly beat: number;
  readonly value: string;
}

export class MongoRoster implements MachineRoster {
  readonly #connection: MongoConnection;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  async join({ id, beat, value }: MachineEntry): Promise<void> {
    const $set = { beat, value: toJsonText(value) };
    await this.#run((machines) =>
      // Where a newer one stands, nothing matches, and what is to be inserted is there already.
      machines.updateOne({ _id: id, beat: { $lt: beat } }, { $set }, { upsert: true }),
    );
  }

  async renew({ id, beat, value }: MachineEntry): Promise<boolean> {
    const $set = { beat, value: toJsonText(value) };
    const { matchedCount } = await this.#run((machines) =>
      machines.updateOne({ _id: id, beat: { $lt: beat } }, { $set }),
    );
    return matchedCount > 0;
  }

  async list(): Promise<MachineEntry[]> {
    return this.#run(async (machines) => {
      const kept = await machines
        .find()
        .limit(MAX_MACHINES + 1)
        .toArray();
      if (kept.length > MAX_MACHINES) {
        throw new GatewayError('GW_STORE_UNAVAILABLE', {
          cause: new Error(`more than ${MAX_MACHINES} machines`),
        });
      }
      return kept.map(entryOf);
    });
  }

  async remove(id: string, beat?: number): Promise<void> {
    const which = beat === undefined ? { _id: id } : { _id: id, beat };
    await this.#run((machines) => machines.deleteOne(which));
  }

  async #run<Result>(work: (machines: Collection<Kept>) => Promise<Result>): Promise<Result> {
    return this.#connection.run((database) => work(database.collection<Kept>(MACHINES)));
  }
}

function entryOf(kept: unknown): MachineEntry {
  if (!isRow(kept)) throw new Error('the roster of machines gave no document');
  return { id: textOf(kept, '_id'), beat: integerOf(kept, 'beat'), value: valueOf(kept) };
}

/** Null for what is no JSON: whoever reads it takes it for the worst. */
function valueOf(kept: Readonly<Record<string, unknown>>): unknown {
  try {
    return JSON.parse(textOf(kept, 'value')) as unknown;
  } catch {
    return null;
  }
}
