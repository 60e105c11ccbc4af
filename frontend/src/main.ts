/** Where the page begins: who is there, and what to show them. */
import type { Auth } from "home-assistant-js-websocket";
import "./app";
import type { AuthorizeRequest } from "./auth/http";
import { ownClientId, needsOwner } from "./auth/http";
import { storedSession } from "./auth/session";
import { Hub, useHub } from "./hub";
import { t } from "./i18n";
import { apply } from "./prefs";

/** Try again after this long while the hub does not answer, in milliseconds. */
const RETRY_MS = 3_000;

function show(element: HTMLElement): void {
  document.body.replaceChildren(element);
}

function say(text: string): void {
  const main = document.createElement("main");
  main.className = "notice";
  const heading = document.createElement("h1");
  heading.textContent = "Hub";
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  paragraph.setAttribute("role", "status");
  main.append(heading, paragraph);
  show(main);
}

/** Show a page of signing in and wait until somebody has. */
async function ask(): Promise<void> {
  let first: boolean;
  try {
    first = await needsOwner();
  } catch {
    say(t("no_answer"));
    setTimeout(() => void ask(), RETRY_MS);
    return;
  }
  const element = first ? await owner() : await login({ client_id: ownClientId(), redirect_uri: ownClientId() });
  element.addEventListener("signed-in", (event) => void enter((event as CustomEvent<Auth>).detail));
  document.title = `${t(first ? "welcome" : "sign_in")} · Hub`;
  show(element);
}

async function owner(): Promise<HTMLElement> {
  await import("./auth/owner-page");
  return document.createElement("hub-owner");
}

async function login(asked: AuthorizeRequest, foreign = false): Promise<HTMLElement> {
  await import("./auth/login-page");
  return Object.assign(document.createElement("hub-login"), { asked, foreign });
}

/** Tell whether the browser may be sent to an address: no scheme that runs or opens local content. */
function safe(address: string): boolean {
  return URL.canParse(address) && !["javascript:", "data:", "blob:", "file:", "vbscript:"].includes(new URL(address).protocol);
}

/** Serve another program: ask for its password page, or say what its address lacks. */
async function authorize(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const asked: Record<string, string> = {};
  for (const name of ["client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"]) {
    const value = query.get(name);
    if (value !== null) asked[name] = value;
  }
  const { client_id, redirect_uri } = asked;
  if (!client_id || !redirect_uri || !safe(redirect_uri)) {
    return say(t("bad_authorize"));
  }
  document.title = `${t("sign_in")} · Hub`;
  show(await login({ ...asked, client_id, redirect_uri }, true));
}

/** Connect and show the page itself. */
async function enter(auth: Auth): Promise<void> {
  const hub = new Hub(auth, () => void ask());
  useHub(hub);
  const slow = setTimeout(() => say(t("no_answer")), RETRY_MS);
  await hub.start();
  clearTimeout(slow);
  show(document.createElement("hub-app"));
}

async function begin(): Promise<void> {
  await apply();
  if (location.pathname === "/auth/authorize") return authorize();
  const session = storedSession();
  if (session) return enter(session);
  await ask();
}

void begin();
