// The words of an event's story.
export const TEXT = {
  story: "What happened",
  noStory: "The steps of this event cannot be shown.",
  deliveries: "Deliveries",
  payload: "Payload",
  headers: "Headers",
  attempts: "Attempts",
  origin: "Origin",
  effects: "What it caused",
  noHeaders: "Receivers get no headers of the publisher with this event.",
  noPayload: "Your role does not show payloads. It needs the permission payloads.read.",
  noAttempts: "No delivery of this event has been attempted.",
};
