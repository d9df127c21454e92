/** The `store` group: where users, keys and credentials are kept, and what holds while that is away. */
import { z } from 'zod';
import { count, milliseconds } from './value-kinds.js';

export const storeGroup = z.strictObject({
  mongodbUri: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\/./, 'must start with mongodb:// or mongodb+srv://')
    .optional()
    .meta({ env: 'MONGODB_URI' })
    .describe('MongoDB for several machines; the embedded store in `dataDir` if absent.'),
  mongodbMaxPoolSize: count(1, 1000)
    .default(10)
    .describe('Connections that each process of the gateway opens to MongoDB at most.'),
  onUnavailable: z
    .enum(['degrade', 'refuse'])
    .default('degrade')
    .describe(
      'While MongoDB cannot be reached: serve those known from the snapshot in `dataDir`, or only those proven lately (and at a start, exit with 69).',
    ),
  snapshotMaxAge: milliseconds(1000)
    .default(86_400_000)
    .describe('A snapshot of identities that is older is not served from.'),
});
