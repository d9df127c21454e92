/**
 * What admission adds to a call where nothing is contended, and what a refusal costs beside a served
 * call. Slots and breaker cannot be switched off, so the first table is about the rate limits.
 */
import { echoCall, measureHops, type Call, type HopOptions } from '../hop-cost.js';
import type { Part } from '../part.js';
import { AMPLE_LIMITS, openBench } from '../targets/bench.js';
import { hopTable } from './hop.js';

/** Nothing listens there: what gets that far fails at once. */
const NOWHERE = 'http://127.0.0.1:1/mcp';

const NO_RATES = {
  ...AMPLE_LIMITS,
  rateLimitTokens: undefined,
  perUserLimit: undefined,
  perServerLimit: undefined,
};

export const admission: Part = {
  name: 'admission',
  about: 'CPU of the rate limits, and of refusals beside served calls',
  run: async ({ isQuick, workers }) => {
    // Many short rounds: the difference is a few per cent, and the machine's speed drifts.
    const options: HopOptions = {
      call: echoCall(),
      calls: isQuick ? 2_000 : 4_000,
      warmUpCalls: isQuick ? 10_000 : 40_000,
      rounds: isQuick ? 5 : 25,
      connections: 32,
    };
    await using without = await openBench({ workers, global: NO_RATES });
    await using limited = await openBench({
      workers,
      servers: {
        fail: { url: NOWHERE },
        slow: { url: NOWHERE, rateLimit: { requestsPerMinute: 1, burstSize: 1 } },
      },
    });
    const added = await measureHops(
      [
        without.gateway('no rate limits', without.apiKey),
        limited.gateway('gateway, user and server limits', limited.apiKey),
      ],
      options,
    );
    const refusals = await measureHops(
      [
        limited.gateway('served', limited.apiKey),
        { ...limited.gateway('rate limit, 429', limited.apiKey, 'slow'), call: answeredWith(429) },
        {
          ...limited.gateway('open breaker, 503', limited.apiKey, 'fail'),
          call: answeredWith(503),
        },
      ],
      { ...options, rounds: isQuick ? 3 : 25 },
    );
    return [
      hopTable('Rate limits on and off, nothing contended', added),
      hopTable('Refusals beside a served call', refusals),
    ];
  },
};

/** "Wrong" counts the few calls that went through before the breaker opened or the bucket was empty. */
function answeredWith(wanted: number): Call {
  return { body: echoCall().body, isRight: (_n, status) => status === wanted };
}
