// Who is signed in, and what they may do. The server checks every right again; here it only decides what is shown.
import { computed, signal } from "../vendor/signals.js";
import { api, events } from "./api.js";
import { base, go } from "./url.js";

/** @import { Session } from "../shapes.js" */

/** The session; `null` for nobody, `undefined` while it is not known. @type {import("../vendor/signals.js").Signal<Session | null | undefined>} */
export const session = signal(undefined);

/** True after a session that was there has ended. */
export const ended = signal(false);

events.signedOut = () => {
  if (session.value) ended.value = true;
  session.value = null;
};

const permissions = computed(() => new Set(session.value?.permissions ?? []));

/** @param {string | undefined} permission */
export const can = (permission) => permission === undefined || permissions.value.has(permission);

const PLACE = "footbridge-place";

/** Keeps the address for the way back from a provider, which always ends at the first screen. */
export const keepPlace = () => sessionStorage.setItem(PLACE, location.pathname + location.search);

/** Goes to the address that was kept, once somebody is signed in. */
function returnToPlace() {
  const kept = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  if (kept?.startsWith(`${base}/`)) go(kept, { replace: true });
}

/** Asks the server who this is. Throws a problem if it cannot be known. */
export async function readSession() {
  try {
    session.value = await api.get("/api/v1/session");
    returnToPlace();
  } catch (error) {
    if (/** @type {any} */ (error).status !== 401) throw error;
    session.value = null;
  }
}

/** @param {{ setup: string } | { user: string, password: string }} proof */
export async function signIn(proof) {
  await api.post("/api/v1/session", { body: proof });
  ended.value = false;
  await readSession();
}

export async function signOut() {
  await api.delete("/api/v1/session");
  session.value = null;
}
