/**
 * Counts what a worker has in flight and bounds its listening streams. The gateway-wide budgets of
 * exchanges join here, through leases from the primary.
 */
import { GatewayError } from '../kernel/errors.js';
import type { Admission, AdmissionRequest, Permit } from './admission.js';

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
    return onceReleased(() => {
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
    return onceReleased(() => {
      this.#streams -= 1;
      add(this.#streamsByUser, user, -1);
    });
  }
}

function onceReleased(release: () => void): Permit {
  let isHeld = true;
  return {
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      release();
    },
  };
}

/** A count of 0 leaves the map, so it holds only who is present. */
function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
