/**
 * Admission of one process alone, for tests of the request path: counts what is in flight, bounds
 * listening streams, keeps what it is told of attempts.
 */
import type {
  Admission,
  AdmissionRequest,
  AttemptEnd,
  Permit,
} from '../../src/gateway/admission.js';
import { GatewayError } from '../../src/kernel/errors.js';

export interface LocalAdmissionOptions {
  /** Listening streams of one user, and of all, in this worker. */
  readonly maxStreamsPerUser: number;
  readonly maxStreams: number;
}

const RETRY_AFTER_MS = 5_000;

export class LocalAdmission implements Admission {
  readonly #options: LocalAdmissionOptions;
  readonly #inFlight = new Map<string, number>();
  readonly #streamsByUser = new Map<string, number>();
  #streams = 0;
  /** Told through permits, in order. */
  readonly ends: AttemptEnd[] = [];
  /** What every permit says from now on. */
  isCurrent = true;
  rateHeaders: Readonly<Record<string, string>> = {};

  constructor(options: LocalAdmissionOptions) {
    this.#options = options;
  }

  admit({ user, server, isListening }: AdmissionRequest): Permit {
    return isListening ? this.#admitStream(user) : this.#admitCall(server);
  }

  inFlight(): ReadonlyMap<string, number> {
    return this.#inFlight;
  }

  listening(): number {
    return this.#streams;
  }

  #admitCall(server: string): Permit {
    add(this.#inFlight, server, 1);
    return this.#permit(() => {
      add(this.#inFlight, server, -1);
    });
  }

  #admitStream(user: string): Permit {
    const { maxStreams, maxStreamsPerUser } = this.#options;
    if ((this.#streamsByUser.get(user) ?? 0) >= maxStreamsPerUser) {
      throw new GatewayError('GW_USER_BUSY', {
        hint: `A user may hold ${maxStreamsPerUser} listening streams.`,
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    if (this.#streams >= maxStreams) {
      throw new GatewayError('GW_SHED', {
        hint: 'Too many listening streams are open.',
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#streams += 1;
    add(this.#streamsByUser, user, 1);
    return this.#permit(() => {
      this.#streams -= 1;
      add(this.#streamsByUser, user, -1);
    });
  }

  #permit(release: () => void): Permit {
    let isHeld = true;
    return {
      addHeaders: (reply) => {
        Object.assign(reply, this.rateHeaders);
      },
      ended: (end) => {
        this.ends.push(end);
      },
      isCurrent: () => this.isCurrent,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        release();
      },
    };
  }
}

/** A count of 0 leaves the map, so it holds only who is present. */
function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
