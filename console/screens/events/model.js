// The filter of a list in the address, as the API takes it.

/** @import { Query } from "../../base/url.js" */

const FILTER = ["q", "since", "until", "order"];

/** @param {Query} query @returns {Query} */
export const filterOf = (query) =>
  Object.fromEntries(FILTER.flatMap((name) => (query[name] ? [[name, query[name]]] : [])));

/** @param {Query} query */
export const isFiltered = (query) => Boolean(query["q"] || query["since"] || query["until"]);
