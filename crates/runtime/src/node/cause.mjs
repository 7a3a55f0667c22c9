// Adds to what the app publishes the id of the event that it is handling.
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";

const CAUSE = "footbridge-cause";

/** The id of the event that is being handled, in all code that its request leads to. */
export const handledEvent = new AsyncLocalStorage();

/** Sets the header `footbridge-cause` on the app's publish requests, unless the app has set it. */
export function nameCauses(address) {
  const { host, origin } = new URL(address);
  const publishes = (toServer, path) => toServer && String(path).startsWith("/api/events/");
  for (const module of [http, https]) {
    const { request } = module;
    module.request = function (...args) {
      const made = request.apply(this, args);
      const cause = handledEvent.getStore();
      if (cause && publishes(made.getHeader("host") === host, made.path) && !made.hasHeader(CAUSE)) {
        // If the app has already written the request's head, the header can no longer be added.
        if (!made.headersSent && !made._header) made.setHeader(CAUSE, cause);
      }
      return made;
    };
  }
  syncBuiltinESMExports();
  subscribe("undici:request:create", ({ request }) => {
    const cause = handledEvent.getStore();
    const named = () => String(request.headers).toLowerCase().includes(CAUSE);
    if (cause && publishes(String(request.origin) === origin, request.path) && !named()) request.addHeader(CAUSE, cause);
  });
}
