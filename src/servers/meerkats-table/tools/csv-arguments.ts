/** The delimiter argument that import_csv and export_csv share. */
import type { JsonSchema } from '../../module-api.js';
import type { CsvDelimiter } from '../csv.js';
import type { ToolArguments } from '../tool-arguments.js';

const DELIMITERS: readonly CsvDelimiter[] = [',', ';', '\t'];

export const DELIMITER_ARGUMENT: JsonSchema = {
  type: 'string',
  enum: DELIMITERS,
  description: 'What stands between fields. Default a comma.',
};

export function readDelimiter(args: ToolArguments): CsvDelimiter {
  return args.choice('delimiter', DELIMITERS, ',');
}
