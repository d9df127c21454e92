/**
 * The limits that machines divide, by name, and what a part of one comes to. Budgets of waiting calls and of
 * listening streams are not among them: they guard a machine's memory.
 */

/** By limit: the part of it that this machine may use, 0 to 1; null = all of every limit. */
export type LimitShares = ReadonlyMap<string, number> | null;

export const TOTAL_SLOTS = 'total';
/** Every user's slots, and those of every key and grant with a limit of its own. */
export const USER_SLOTS = 'users';
export const GATEWAY_RATE = 'rate:gateway';
/** Every user's rate, and those of keys and grants. */
export const USER_RATES = 'rate:users';

export function serverSlots(server: string): string {
  return `server:${server}`;
}

export function serverRate(server: string): string {
  return `rate:server:${server}`;
}

/** The slots of one user, key or grant, where its part is another than that of the others. */
export function accountSlots(account: string): string {
  return `account:${account}`;
}

/** Null for what is no account's. */
export function accountOfSlots(key: string): string | null {
  return key.startsWith('account:') ? key.slice('account:'.length) : null;
}

/** Its rate; `account`: as rate budgets name it. */
export function accountRate(account: string): string {
  return `rate:account:${account}`;
}

export function accountOfRate(key: string): string | null {
  return key.startsWith('rate:account:') ? key.slice('rate:account:'.length) : null;
}

/** Of which limit an account's is a part as long as it is not named itself; null for others. */
export function commonOf(key: string): string | null {
  if (key.startsWith('account:')) return USER_SLOTS;
  return key.startsWith('rate:account:') ? USER_RATES : null;
}

/** Units of a limit that can be divided at will: whole parts for up to ten machines. */
export const FINE_UNITS = 5040;

/** Quotients of whole numbers, multiplied again, may come out a little short. */
const ROUNDING = 1e-6;

export function partOf(shares: LimitShares, key: string): number {
  if (shares === null) return 1;
  return shares.get(key) ?? shares.get(commonOf(key) ?? '') ?? 0;
}

/** Whole, and never 0: a machine that admits nothing serves nobody. So a limit holds from one call a machine on. */
export function shareOf(limit: number, part: number): number {
  return part >= 1 ? limit : Math.max(1, Math.floor(limit * part + ROUNDING));
}
