// The words of one delivery.
export const TEXT = {
  retry: "Retry",
  retryText:
    "The same delivery gets one more attempt now. The receiver sees the same event id, so it can drop a double.",
  replay: "Replay",
  replayText:
    "A new delivery of the same event is made for this hook. The receiver sees the same event id, so it can drop a double.",
  cancel: "Cancel the delivery",
  cancelText: "It gets no further attempt. This cannot be undone; a replay makes a new delivery.",
  reason: "Reason, for the audit",
  about: "About it",
  attempts: "Attempts",
};
