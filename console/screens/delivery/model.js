// What may be done with a delivery.

/** @param {string} status */
export const actionsOf = (status) => ({
  retry: status === "pending" || status === "dead" || status === "unanswered",
  replay: status !== "pending",
  cancel: status === "pending",
});
