// The shapes of what changes the server, and of what looks after it.
import type { components } from "./api.js";

type Schema = components["schemas"];

export type Lane = Schema["Lane"];

export type Count = Schema["ValueCount"];
export type Skipped = Schema["ReasonCount"];
export type DryRun = Schema["JobPreview"];
export type Job = Schema["Job"];
export type JobItem = Schema["JobItem"];

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

/** A verdict about an event that is stored, or about one that is not. */
export type Judged = Schema["Judgement"] & Partial<Pick<Schema["EventJudgement"], "then" | "now" | "changed">>;
export type Explained = Pick<Schema["Judgements"], "next" | "would_get" | "warnings"> &
  Partial<Pick<Schema["Judgements"], "would_add" | "would_lose">> & { data: Judged[] };

export type Edge = Schema["Edge"];
export type Edges = Schema["Edges"];

export type Setting = Schema["Setting"];
export type Finding = Schema["Finding"];

export type User = Schema["User"];
export type Role = Schema["Role"];
export type ApiToken = Schema["ApiToken"];
export type ConsoleSession = Schema["ConsoleSession"];

export type Installed = Schema["InstalledApp"];
export type LogLine = Schema["AppLine"];
