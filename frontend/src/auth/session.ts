/** Who is signed in: tokens live in memory, and in this browser only when asked to stay. */
import { Auth, type AuthData } from "home-assistant-js-websocket";

const KEY = "session";

let stay = false;

function save(data: AuthData | null): void {
  if (data && stay) localStorage.setItem(KEY, JSON.stringify(data));
  else localStorage.removeItem(KEY);
}

/** Return the session kept in this browser, if any. */
export function storedSession(): Auth | undefined {
  const stored = localStorage.getItem(KEY);
  if (!stored) return undefined;
  try {
    const data = JSON.parse(stored) as AuthData;
    if (data.hassUrl !== location.origin || !data.refresh_token) throw new TypeError("not ours");
    stay = true;
    return new Auth(data, save);
  } catch {
    localStorage.removeItem(KEY);
    return undefined;
  }
}

/** Begin a session with fresh tokens. */
export function newSession(data: AuthData, keep: boolean): Auth {
  stay = keep;
  save(data);
  return new Auth(data, save);
}

/** Forget the tokens in this browser. */
export function forgetSession(): void {
  save(null);
}
