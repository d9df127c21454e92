/**
 * The conformance fixture as an in-process module (contract: src/servers/module-api.ts,
 * `SdkServerModule`): the upstream host calls `createServer` once per 2025 session and once for all
 * 2026-07-28 traffic.
 */
import { createFixtureServer } from './server.mjs';

/** @type {import('../../../src/servers/module-api.js').ModuleFactory} */
const conformanceFixture = () => ({ createServer: () => createFixtureServer() });

export default conformanceFixture;
