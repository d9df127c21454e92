/** The `logging` group. */
import { z } from 'zod';
import { count, text } from './value-kinds.js';

export const loggingGroup = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ env: 'LOG_LEVEL' })
    .describe('Least severe log line written.'),
  directory: text.default('logs').meta({ env: 'LOG_DIR' }).describe('Folder of the log files.'),
  retentionDays: count(1, 3650)
    .default(30)
    .meta({ unit: 'days' })
    .describe('Rotated log files older than this are deleted.'),
  stdout: z.boolean().default(false).describe('Write the log to standard output as well.'),
  requests: z.boolean().default(true).describe('Write one line a request to requests.log.'),
});
