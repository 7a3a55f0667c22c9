// The shapes in which a host speaks to a miniapp that was made with Boxo's own SDK.
import { CUSTOM, INIT, REPLY } from "./wire.js";

/** This one is told apart by its transaction, not by a request id. */
const PAY = "AppBoxoWebAppPay";

/** @typedef {{ id: string | number | undefined, eventId: string, method: string, name: string, params: any }} Call */

/** @param {any} data @returns {string | number | undefined} */
export function requestId(data) {
  const id = data.request_id || data.params?.request_id;
  return (typeof id === "string" && id.length <= 64) || Number.isFinite(id) ? id : undefined;
}

/** @param {Call} call @param {any} value @returns {object} an object goes as it is, all else beneath `payload` */
export function answer(call, value) {
  const is = Object(value) === value && !Array.isArray(value);
  return reply(call, is ? value : { type: call.name, payload: value });
}

/** @param {Call} call @param {object} data @returns {object} */
export function reply({ id, eventId, method, params }, data) {
  const pay = method === PAY;
  return {
    // Without an id only its subscribers see it, and they were told to look for the method.
    type: pay || id === undefined ? method : REPLY,
    handler: method,
    data: { ...(pay && { transactionToken: params.transactionToken }), ...data, ...(id !== undefined && { request_id: id }) },
    request_id: id,
    event_id: eventId,
  };
}

/** @param {{ type: string, payload: any, id: string }} event @returns {object} */
export const push = ({ type, payload, id }) => ({ type: CUSTOM, handler: CUSTOM, data: { type, payload }, event_id: id });

/** @param {string} appId @param {string} clientId @param {Iterable<string>} methods @param {object} [more] */
export function initData(appId, clientId, methods, more) {
  const handlers = [...new Set([INIT, CUSTOM, ...methods])];
  return {
    app_id: appId,
    client_id: clientId,
    payload: "",
    data: { handlers, capabilities: handlers },
    sandbox_mode: false,
    ...more,
  };
}
