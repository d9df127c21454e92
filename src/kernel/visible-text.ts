/**
 * Texts of clients and MCP servers where a person reads them: in a terminal a control character moves the cursor
 * or colours what follows (also those beyond ASCII: U+009B is ESC and a bracket), and a mark of writing direction
 * shows the rest of the line in another order than it has.
 */

const OBEYED = /[\p{Cc}\p{Bidi_C}\p{Zl}\p{Zp}]/gu;
/** Of these, what JSON leaves as it is. */
const OBEYED_IN_JSON = /[\x7f-\x9f\p{Bidi_C}\p{Zl}\p{Zp}]/gu;

/** On one line, with a replacement character for each that would be obeyed. */
export function printable(text: string): string {
  return text.replace(OBEYED, '\ufffd');
}

/** The same JSON; what would be obeyed is escaped. */
export function printableJson(json: string): string {
  return json.replace(
    OBEYED_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
