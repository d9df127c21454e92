/** How the running gateway follows its configuration file. */
import { z } from 'zod';

export const reloading = {
  reloadOnChange: z
    .boolean()
    .default(true)
    .describe(
      'Apply the file when it changes, as SIGHUP and `multi-mcp reload` do. Invalid changes leave everything as it is.',
    ),
};
