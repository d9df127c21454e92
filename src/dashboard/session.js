/**
 * Questions to the gateway. The admin key is kept for this tab only and sent in a header, so it is in no URL, no
 * cookie, no log and no other site's request.
 */

const STORED = 'multi-mcp-key';
const TIMEOUT_MS = 8000;

export class LoginNeeded extends Error {}

export function hasKey() {
  return sessionStorage.getItem(STORED) !== null;
}

/** @param {string} key */
export function logIn(key) {
  sessionStorage.setItem(STORED, key.trim());
}

export function logOut() {
  sessionStorage.removeItem(STORED);
}

/** Rejects with LoginNeeded, or with what the network said. @param {string} path below /dashboard/ */
export async function ask(path) {
  const key = sessionStorage.getItem(STORED);
  const response = await fetch(`dashboard/${path}`, {
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    cache: 'no-store',
    credentials: 'omit',
  });
  if (response.status === 401) throw new LoginNeeded();
  if (!response.ok) throw new Error(`the gateway answers ${response.status}`);
  return response.json();
}
