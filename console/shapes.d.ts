// The shapes of the API under short names. `Coming` has the operations that the server's description does not list yet;
// each entry goes when `api.d.ts` has the operation.
import type { components, paths } from "./api.js";
import type { ComingSetup } from "./setup.js";

type Schema = components["schemas"];
export type App = Schema["App"];
export type Hook = Schema["Hook"];
export type Link = Schema["Link"];

export interface Searched {
  to: string | null;
  rows: number;
  more: boolean;
}
export interface List<T> {
  data: T[];
  next: string | null;
  searched?: Searched;
}
export interface Cause {
  id: string;
  kind: "event" | "exchange" | "delivery";
}

export interface Marks {
  via?: string;
  cause?: Cause | null;
  trace?: string | null;
  test?: boolean;
}
export type Event = Schema["Event"] & Marks & { statuses?: Record<string, number> };
export type EventDetail = Event & { body?: unknown; headers?: Record<string, string> | null };
export type Delivery = Schema["Delivery"] & {
  event_name?: string;
  publisher?: string;
  made_at?: string;
  last_ms?: number | null;
  test?: boolean;
};
export type Attempt = Schema["Attempt"] & { answer?: string | null };
export type DeliveryDetail = Delivery & { attempt_log: Attempt[] };
export type Exchange = Schema["ExchangeDetail"] & Marks & { upstream_status?: number | null };

export type Session = Schema["SignedIn"];
export type SignInOptions = Schema["SignInOptions"];

export interface Verdict {
  code: string;
  text: string;
}
export interface Participant {
  id: string;
  kind: "page" | "host" | "server" | "app";
  name: string;
  state: string | null;
}
export interface Step {
  at: string;
  ms: number | null;
  from: string;
  to: string;
  kind: "page" | "publish" | "stored" | "live" | "attempt" | "wait" | "exchange" | "answer";
  outcome: "ok" | "failed" | "waiting" | "skipped";
  text: string;
  excerpt: string | null;
  ref: string | null;
}
export interface Fix {
  text: string;
  operation: { method: string; path: string; body?: unknown } | null;
  screen: string | null;
}
export interface Receiver {
  app: string;
  hook: Hook | null;
  delivery: Delivery | null;
  got: boolean;
  then: Verdict;
  now: Verdict;
  why: string;
  fix: Fix | null;
  since: string | null;
  /** What changed since the event, in a sentence. */
  changed?: string | null;
}
export interface Effect {
  id: string;
  kind: string;
  name: string;
  at: string;
}
export interface Origin extends Marks {
  page_event: string | null;
  app_version: string | null;
}
export interface Check {
  check: string;
  ok: boolean | null;
  text: string;
}
export interface Story {
  event?: EventDetail;
  exchange?: Exchange;
  origin: Origin;
  participants: Participant[];
  steps: Step[];
  receivers: Receiver[];
  effects: Effect[];
  folded: { steps: number };
  checks?: Check[];
}

export type AppNow = Schema["AppNow"];
export type StatsNow = Schema["StatsNow"];
export type Line = Schema["Line"];
export type Series = Schema["Series"];
export type Attention = Schema["Attention"];
/** A filter of a screen under a name. */
export interface SavedView {
  name: string;
  screen: string;
  query: string;
}
/** What the search of the palette finds. */
export interface Found {
  kind: string;
  id: string;
  text: string;
}

type Gives<T, S extends number = 200> = { responses: { [K in S]: { content: { "application/json": T } } } };
type Got<T> = { get: Gives<T> };

export interface Coming extends ComingSetup {
  "/api/v1/events": { get: Gives<List<Event>>; post: paths["/api/v1/events"]["post"] };
  "/api/v1/events/{id}": Got<EventDetail>;
  "/api/v1/events/{id}/story": Got<Story>;
  "/api/v1/deliveries": Got<List<Delivery>>;
  "/api/v1/deliveries/{id}": Got<DeliveryDetail>;
  "/api/v1/deliveries/{id}/cancel": { post: Gives<Delivery> };
  "/api/v1/exchanges": Got<List<Exchange>> & { post: paths["/api/v1/exchanges"]["post"] };
  "/api/v1/exchanges/{id}": Got<Exchange>;
  "/api/v1/exchanges/{id}/story": Got<Story>;
  "/api/v1/views": Got<{ data: SavedView[] }>;
  "/api/v1/views/{name}": { put: Gives<SavedView>; delete: Gives<undefined> };
  "/api/v1/search": Got<{ data: Found[] }>;
}
