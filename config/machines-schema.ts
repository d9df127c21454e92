/** Several machines on one MongoDB. */
import { z } from 'zod';
import { milliseconds } from './value-kinds.js';

const MAX_NAME = 100;

export const machinesGroup = z.strictObject({
  shareLimits: z
    .boolean()
    .default(true)
    .describe(
      'Machines with one MongoDB divide the limits among them. If false, this one keeps to nobody and nobody to it.',
    ),
  name: z
    .string()
    .min(1)
    .max(MAX_NAME)
    .optional()
    .describe("This machine's name for people; the host name if absent."),
  leaseTimeout: milliseconds(2000, 600_000)
    .default(5000)
    .describe(
      'A machine that the others have not heard of for so long is gone, and they divide its part of the limits. The same on all machines.',
    ),
});
