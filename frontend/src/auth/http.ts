/** The hub's public HTTP questions before there is a token: onboarding, login flow, token. */
import type { AuthData } from "home-assistant-js-websocket";

/** A refusal with the hub's code and text, or `network` when the hub did not answer. */
export class HttpError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
  ) {
    super(message);
  }
}

/** One answer of the login flow. */
export interface FlowStep {
  type: "form" | "create_entry" | "abort";
  flow_id: string;
  step_id?: string;
  errors?: Record<string, string>;
  result?: string;
  reason?: string;
}

/** What another program asks the authorize page for. */
export interface AuthorizeRequest {
  client_id: string;
  redirect_uri: string;
  state?: string;
  code_challenge?: string;
  code_challenge_method?: string;
}

/** Return this page's own name as a client of the hub. */
export const ownClientId = (): string => `${location.origin}/`;

async function request<T>(path: string, body?: object | FormData): Promise<T> {
  const form = body instanceof FormData;
  const init: RequestInit = body
    ? { method: "POST", body: form ? body : JSON.stringify(body), headers: form ? {} : { "Content-Type": "application/json" } }
    : {};
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new HttpError("network", "");
  }
  const text = await response.text();
  let answer: Record<string, unknown> = {};
  try {
    answer = JSON.parse(text);
  } catch {
    answer = { message: text };
  }
  if (!response.ok) throw refusal(response.status, answer);
  return answer as T;
}

function refusal(status: number, answer: Record<string, unknown>): HttpError {
  const message = String(answer.message ?? answer.error_description ?? answer.error ?? "");
  const code = status === 429 ? "throttled" : String(answer.code ?? answer.error ?? `http_${status}`);
  return new HttpError(code, message.slice(0, 300), status);
}

/** Tell whether the hub still waits for its first owner. */
export async function needsOwner(): Promise<boolean> {
  const steps = await request<{ step: string; done: boolean }[]>("/api/onboarding");
  return steps.some((step) => step.step === "user" && !step.done);
}

/** Create the owner; returns the code to change into tokens. */
export async function createOwner(name: string, username: string, password: string, language: string): Promise<string> {
  const body = { name, username, password, language, client_id: ownClientId() };
  return (await request<{ auth_code: string }>("/api/onboarding/users", body)).auth_code;
}

/** Mark the remaining onboarding steps as done, so that other clients do not ask for them. */
export async function finishOnboarding(accessToken: string): Promise<void> {
  const headers = { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" };
  for (const step of ["core_config", "analytics"]) {
    await fetch(`/api/onboarding/${step}`, { method: "POST", headers, body: "{}" }).catch(() => undefined);
  }
}

/** Begin a login for this page or, with `asked`, for another program. */
export async function beginLogin(asked: AuthorizeRequest): Promise<FlowStep> {
  const { state: _state, ...rest } = asked;
  return request<FlowStep>("/auth/login_flow", { handler: ["homeassistant", null], type: "authorize", ...rest });
}

/** Answer one step of a login. */
export async function answerLogin(flowId: string, clientId: string, answers: object): Promise<FlowStep> {
  return request<FlowStep>(`/auth/login_flow/${encodeURIComponent(flowId)}`, { client_id: clientId, ...answers });
}

/** Change a one-use code into tokens. */
export async function exchangeCode(code: string): Promise<AuthData> {
  const form = new FormData();
  form.append("grant_type", "authorization_code");
  form.append("code", code);
  form.append("client_id", ownClientId());
  const answer = await request<AuthData>("/auth/token", form);
  return { ...answer, hassUrl: location.origin, clientId: ownClientId(), expires: Date.now() + answer.expires_in * 1000 };
}
