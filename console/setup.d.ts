// The shapes of what changes the server, and of what looks after it. `ComingSetup` is a part of `Coming` in `shapes.d.ts`.
import type { components } from "./api.js";
import type { Delivery, Fix, Hook, List, Searched, Verdict } from "./shapes.js";

type Schema = components["schemas"];

export type Lane = Schema["Lane"];

export interface Count {
  value: string;
  count: number;
}
export interface Skipped {
  reason: string;
  count: number;
}
export interface DryRun {
  matched: number;
  apps: number;
  oldest: string | null;
  by_code: Count[];
  by_name: Count[];
  by_app: Count[];
  skip: Skipped[];
  sample: Delivery[];
  searched?: Searched;
}
export interface Job {
  id: string;
  kind: "retry" | "replay" | "cancel";
  q: string;
  state: "queued" | "running" | "stopped" | "done" | "failed";
  hook: string | null;
  matched: number | null;
  done: number;
  ok: number;
  failed: number;
  waiting: number;
  skipped: Skipped[];
  pace: number;
  stop_after: number | null;
  rate: number | null;
  by: string;
  reason: string | null;
  made_at: string;
  started_at: string | null;
  ended_at: string | null;
  text: string | null;
}
export interface JobItem {
  delivery_id: string | null;
  event_id: string;
  app: string;
  outcome: "ok" | "failed" | "skipped" | "waiting";
  text: string | null;
}

export type Credentials = Schema["Credentials"];
export type Credential = Schema["Credential"];
export type OldCredential = Schema["OldCredential"];

/** A request or an answer of a test. */
export interface Message {
  headers: Schema["TestHeader"][];
  body: string;
  truncated?: boolean;
}
export type Attempted = Schema["TestAttempt"];
export type ReceiverTest = Schema["ReceiverTest"];
export type SentExchange = Schema["SentExchange"];

export type AuditRow = Schema["AuditEntry"];

export interface Judged {
  hook: Hook;
  would_get: boolean;
  reason: string;
  code?: string;
  fix?: Fix | null;
  then?: Verdict;
  now?: Verdict;
  changed?: string | null;
}
export interface Explained {
  data: Judged[];
  next: string | null;
  would_get: number;
  warnings: string[];
  would_add?: Hook[];
  would_lose?: Hook[];
}

export type Edge = Schema["Edge"];
export type Edges = Schema["Edges"];

export type Setting = Schema["Setting"];
export type Finding = Schema["Finding"];

export type User = Schema["User"];
export type Role = Schema["Role"];
export type ApiToken = Schema["ApiToken"];
export type ConsoleSession = Schema["ConsoleSession"];

export interface Installed {
  name: string;
  displayName?: string;
  state: string;
  installed: boolean;
  running: boolean;
  version?: string;
  path?: string;
  failure?: { why: string; until: number | null };
}
export interface LogLine {
  number: number;
  at: number;
  stream: string;
  text: string;
}

type Gives<T, S extends number = 200> = { responses: { [K in S]: { content: { "application/json": T } } } };

export interface ComingSetup {
  "/api/v1/jobs": { get: Gives<List<Job>>; post: Gives<DryRun> & Gives<Job, 201> };
  "/api/v1/jobs/{id}": { get: Gives<Job> };
  "/api/v1/jobs/{id}/stop": { post: Gives<Job> };
  "/api/v1/jobs/{id}/items": { get: Gives<List<JobItem>> };
  "/api/v1/explain": { post: Gives<Explained> };
  "/api/v1/events/{id}/explain": { get: Gives<Explained> };
  "/api/apps/{name}": { get: Gives<{ code: number; body: Installed }> };
  "/api/apps/{name}/logs": { get: Gives<{ code: number; body: { lines: LogLine[]; next: number } }> };
  "/api/apps/start": { post: Gives<{ code: number }> };
  "/api/apps/stop": { post: Gives<{ code: number }> };
}
