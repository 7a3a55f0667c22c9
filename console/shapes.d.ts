// The shapes of the API under short names.
import type { components } from "./api.js";

type Schema = components["schemas"];
export type App = Schema["App"];
export type Hook = Schema["Hook"];
export type Link = Schema["Link"];

export type Searched = Schema["Searched"];
/** A page of a list. */
export interface List<T> {
  data: T[];
  next?: string | null;
  searched?: Searched;
}
export type Cause = Schema["Cause"];
export type Event = Schema["Event"];
export type EventDetail = Schema["EventDetail"];
export type Delivery = Schema["Delivery"];
export type Attempt = Schema["Attempt"];
export type DeliveryDetail = Schema["DeliveryDetail"];
export type Exchange = Schema["ExchangeDetail"];

export type Session = Schema["SignedIn"];
export type SignInOptions = Schema["SignInOptions"];

export type Verdict = Schema["Verdict"];
export type Participant = Schema["Participant"];
export type Step = Schema["Step"];
export type Fix = Schema["Fix"];
export type Receiver = Schema["Receiver"];
export type Effect = Schema["Effect"];
export type Origin = Schema["StoryOrigin"];
export type Check = Schema["Check"];
/** The story of an event or of an exchange; each has members that the other has not. */
export type Story = Omit<Schema["EventStory"], "event" | "effects"> &
  Partial<Pick<Schema["EventStory"], "event" | "effects"> & Pick<Schema["ExchangeStory"], "exchange" | "checks">>;

export type AppNow = Schema["AppNow"];
export type StatsNow = Schema["StatsNow"];
export type Line = Schema["Line"];
export type Series = Schema["Series"];
export type Attention = Schema["Attention"];
export type SavedView = Schema["View"];
export type Found = Schema["Hit"];
