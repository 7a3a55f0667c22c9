import type { Call, Push, WireError } from "./types.js";
/** @param {any} data @returns {string | number | undefined} */
export declare function requestId(data: any): string | number | undefined;
/** @param {Call} call @param {any} value @returns {object} an object goes as it is, all else beneath `payload` */
export declare const answer: (call: Call, value: any) => object;
/** @param {Call} call @param {object} data @returns {object} */
export declare function reply({ id, eventId, method, params }: Call, data: object): object;
/** @param {Push["event"]} event @returns {object} */
export declare const asPush: ({ type, payload, id }: Push["event"]) => object;
/** @param {any} thrown @returns {Required<WireError>} what a handler threw, for the wire; `data` is Boxo's form */
export declare function describe(thrown: any): Required<WireError>;
