// The shapes in which a host speaks to a miniapp that was made with Boxo's own SDK.
import { CUSTOM, json, REPLY } from "./wire.js";

/** @import { Call, Push, WireError } from "./types.js" */

/** This one is told apart by its transaction, not by a request id. */
const PAY = "AppBoxoWebAppPay";

/** @param {any} data @returns {string | number | undefined} */
export function requestId(data) {
  const id = data.request_id || data.params?.request_id;
  if (Number.isFinite(id) || typeof id === "string") return id;
}

/** @param {Call} call @param {any} value @returns {object} an object goes as it is, all else beneath `payload` */
export const answer = (call, value) =>
  reply(call, Object(value) === value && !Array.isArray(value) ? value : { type: call.name, payload: value });

/** @param {Call} call @param {object} data @returns {object} */
export function reply({ id, eventId, method, params }, data) {
  const pay = method === PAY && { transactionToken: params.transactionToken };
  return {
    // Without an id only its subscribers see it, and they were told to look for the method.
    type: pay || !id ? method : REPLY,
    handler: method,
    data: { ...pay, ...data, ...(id && { request_id: id }) },
    request_id: id,
    event_id: eventId,
  };
}

/** @param {Push["event"]} event @returns {object} */
export const asPush = ({ type, payload, id }) => ({
  type: CUSTOM,
  handler: CUSTOM,
  data: { type, payload },
  event_id: id,
});

/** @param {any} thrown @returns {Required<WireError>} what a handler threw, for the wire; `data` is Boxo's form */
export function describe(thrown) {
  try {
    const { name = "Error", message, status = 500, error_type, error_data, ...more } = Object(thrown);
    const text = `${message ?? error_data?.error_reason ?? error_type ?? thrown}`;
    const shown = { error_code: status, error_reason: text, error_description: `${name}: ${text}` };
    // What already is an error of Boxo's goes as it is.
    const data = error_type ? { ...more, error_type, error_data } : { error_type: "client_error", error_data: shown };
    return json({ name, message: text, data });
  } catch {
    return describe("unreadable error");
  }
}
