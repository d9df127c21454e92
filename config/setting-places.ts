/** Where each setting of a document stands in its text. */
import type { SettingPath } from './problem.js';
import type { Piece } from './source-text.js';

export interface SettingPlace {
  /** Null for an element of a list, which has none. */
  readonly key: Piece | null;
  readonly value: Piece;
}

export class SettingPlaces {
  readonly #places = new Map<string, SettingPlace>();

  /** The first one counts. */
  add(path: SettingPath, place: SettingPlace): void {
    const name = JSON.stringify(path);
    if (!this.#places.has(name)) this.#places.set(name, place);
  }

  /** The setting's key or value; of what is not in the text, the key of the nearest setting above it. */
  find(path: SettingPath, at: 'key' | 'value'): Piece | null {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const place = this.#places.get(JSON.stringify(path.slice(0, depth)));
      if (place === undefined) continue;
      return at === 'key' || depth < path.length ? (place.key ?? place.value) : place.value;
    }
    return null;
  }
}
