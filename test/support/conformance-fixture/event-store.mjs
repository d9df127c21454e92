/**
 * Remembers the events of a session's streams, so that a client that was cut off gets the rest of
 * its stream by `Last-Event-ID` (2025-11-25, "Resumability and Redelivery"). Bounded: the oldest go.
 */

const MAX_EVENTS = 1000;

export class MemoryEventStore {
  /** @type {Map<string, { streamId: string, message: unknown }>} In order of storing. */
  #events = new Map();
  #stored = 0;

  async storeEvent(streamId, message) {
    const eventId = `${streamId}_${++this.#stored}`;
    this.#events.set(eventId, { streamId, message });
    if (this.#events.size > MAX_EVENTS) this.#events.delete(this.#events.keys().next().value);
    return eventId;
  }

  async getStreamIdForEventId(eventId) {
    return this.#events.get(eventId)?.streamId;
  }

  async replayEventsAfter(lastEventId, { send }) {
    const streamId = this.#events.get(lastEventId)?.streamId;
    if (streamId === undefined) throw new Error('Unknown event id');
    let isAfter = false;
    for (const [eventId, event] of this.#events) {
      // A priming event carries nothing to replay.
      const isWanted = isAfter && event.streamId === streamId && 'jsonrpc' in event.message;
      if (isWanted) await send(eventId, event.message);
      if (eventId === lastEventId) isAfter = true;
    }
    return streamId;
  }
}
