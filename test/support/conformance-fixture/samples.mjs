/**
 * The smallest media that decoders accept, and the few texts that the conformance suite's scenarios
 * name: a 1x1 red PNG and a WAV of one silent sample.
 */

/** Base64, image/png. */
export const RED_PIXEL_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

/** Base64, audio/wav: 44 bytes of header and one 16-bit sample. */
export const SILENT_WAV = (() => {
  const wav = Buffer.alloc(46);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(38, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // mono
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(16_000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(2, 40);
  return wav.toString('base64');
})();

/** @param {string} text */
export const text = (text) => ({ type: 'text', text });

/** @param {string} message */
export const textResult = (message) => ({ content: [text(message)] });

export const image = { type: 'image', data: RED_PIXEL_PNG, mimeType: 'image/png' };
