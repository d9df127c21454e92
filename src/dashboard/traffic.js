/** The last ten minutes by server, put together from what the gateway sends each second. */

export class Traffic {
  slotSeconds = 5;
  /** @type {Map<number, Record<string, object>>} */
  #slots = new Map();
  #newest = -1;
  #startedAt = '';

  /** What to ask for next. */
  get since() {
    return Math.max(0, this.#newest);
  }

  /** A gateway that was started anew counts its slots anew. */
  add({ slotSeconds, slots }, startedAt) {
    if (startedAt !== this.#startedAt) {
      const isFirst = this.#startedAt === '';
      this.#startedAt = startedAt;
      this.#slots.clear();
      if (!isFirst) {
        this.#newest = -1;
        return;
      }
    }
    this.slotSeconds = slotSeconds;
    for (const { slot, servers } of slots) {
      this.#slots.set(slot, servers);
      this.#newest = Math.max(this.#newest, slot);
    }
    for (const slot of this.#slots.keys()) {
      if (slot <= this.#newest - WINDOW) this.#slots.delete(slot);
    }
  }

  /** Columns for a plot, `pick`s of one server ('' = all) per slot; the present slot, not over yet, is left out. */
  columns(server, picks, nowSeconds) {
    const times = [];
    const columns = picks.map(() => []);
    for (let slot = this.#newest - WINDOW + 1; slot < this.#newest; slot += 1) {
      times.push(nowSeconds - (this.#newest - slot) * this.slotSeconds);
      const point = this.#slots.get(slot)?.[server];
      picks.forEach((pick, index) => columns[index].push(pick(point, this.slotSeconds)));
    }
    return [times, ...columns];
  }

  /** The latest slots of a server that are over, taken together; null without requests. */
  latest(server, slots = 2) {
    let sum = null;
    for (let slot = this.#newest - slots; slot < this.#newest; slot += 1) {
      const point = this.#slots.get(slot)?.[server];
      if (point === undefined) continue;
      sum ??= { requests: 0, errors: 0, refused: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 };
      for (const name of ['requests', 'errors', 'refused']) sum[name] += point[name];
      for (const name of ['p50Ms', 'p95Ms', 'p99Ms']) sum[name] = Math.max(sum[name], point[name]);
    }
    return sum === null ? null : { ...sum, perSecond: sum.requests / (slots * this.slotSeconds) };
  }
}

const WINDOW = 120;
