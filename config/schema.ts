/**
 * Every setting of the configuration file, a group a file: type, unit, range, default and one sentence. The only
 * source: the loader's checks, the JSON Schema for editors, docs/configuration.md and the environment overrides
 * all follow from it. Group and key names are fixed, since they stand in people's files; config.ts has the shape
 * the program sees.
 */
import { z } from 'zod';
import { alertingGroup } from './alerting-schema.js';
import { authGroup } from './auth-schema.js';
import { globalGroup } from './global-schema.js';
import { httpGroup } from './http-schema.js';
import { loggingGroup } from './logging-schema.js';
import { machinesGroup } from './machines-schema.js';
import { SERVER_NAME_PATTERN } from './server-name.js';
import { clientEntry, serverEntry } from './server-schema.js';
import { storeGroup } from './store-schema.js';

export type * from './config.js';

/** For editors only: the loader checks names apart, so that a bad one does not hide problems inside its entry. */
const serverNames = { type: 'string', pattern: SERVER_NAME_PATTERN };

export const configFile = z.strictObject({
  $schema: z.string().optional().describe('The JSON Schema, for help in editors.'),
  global: globalGroup.prefault({}).describe('The gateway as a whole.'),
  http: httpGroup.prefault({}).describe('What HTTP clients may send, and how long streams live.'),
  auth: authGroup.prefault({}).describe('Who may call.'),
  logging: loggingGroup.prefault({}).describe('Log files.'),
  alerting: alertingGroup.prefault({}).describe('Where alerts go.'),
  store: storeGroup.prefault({}).describe('Where users, keys and credentials are kept.'),
  machines: machinesGroup.prefault({}).describe('Several machines on one MongoDB.'),
  servers: z
    .record(z.string(), serverEntry)
    .default({})
    .meta({ propertyNames: serverNames })
    .describe('The MCP servers, by the name that stands in `/{server}/mcp`.'),
  mcpServers: z
    .record(z.string(), clientEntry)
    .default({})
    .meta({ propertyNames: serverNames })
    .describe('More of them, as Claude, Cursor, VS Code and others write them.'),
});

export type ConfigFile = z.output<typeof configFile>;
