/** Ids that look alike but must not be mixed up, and how each is minted. */
import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Names one HTTP request in replies (`X-Request-Id`), errors and logs. */
export type RequestId = Branded<'RequestId'>;

/** A process-wide random prefix makes ids unique across workers without asking for entropy per request. */
const processPrefix = randomBytes(6).toString('hex');
let counter = 0;

export function nextRequestId(): RequestId {
  counter += 1;
  return `${processPrefix}-${counter.toString(36)}` as RequestId;
}
