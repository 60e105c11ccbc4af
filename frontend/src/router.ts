/** Where the page is: the path names the page, the query names filters and the open entity. */
const listeners = new Set<() => void>();

type Guard = () => Promise<boolean>;

let guard: Guard | undefined;
let present = location.href;

/** Return the present address. */
export function here(): URL {
  return new URL(location.href);
}

/** Go to an address of the page; `replace` keeps it out of the browser's history. */
export function go(to: string | URL, replace = false): void {
  const target = new URL(to, location.href);
  if (target.href === location.href) return;
  const move = () => {
    history[replace ? "replaceState" : "pushState"](null, "", target);
    changed();
  };
  if (!guard || target.pathname === location.pathname) move();
  else void mayLeave().then((leave) => leave && move());
}

async function mayLeave(): Promise<boolean> {
  if (guard && !(await guard())) return false;
  guard = undefined;
  return true;
}

/** Ask before the present path is left; returns what ends the asking. */
export function guarded(ask: Guard): () => void {
  const stay = (event: BeforeUnloadEvent) => event.preventDefault();
  guard = ask;
  addEventListener("beforeunload", stay);
  return () => {
    if (guard === ask) guard = undefined;
    removeEventListener("beforeunload", stay);
  };
}

/** Return the address of an entity's details over the present page. */
export function entityAddress(entityId: string): string {
  const url = here();
  url.searchParams.set("entity", entityId);
  return url.pathname + url.search;
}

/** Close the details that lie over the page. */
export function closeEntity(): void {
  const url = here();
  url.searchParams.delete("entity");
  go(url);
}

/** Call back after each change of address. */
export function onNavigate(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follow a plain click on a link of the page without loading it anew. */
export function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
  event.preventDefault();
  go(link.href);
}

function changed(): void {
  present = location.href;
  for (const listener of listeners) listener();
}

/** Follow the browser's back and forward; a guarded page is left only when its guard agrees. */
function moved(): void {
  const target = location.href;
  if (!guard || new URL(present).pathname === location.pathname) return changed();
  history.pushState(null, "", present);
  void mayLeave().then((leave) => leave && go(target, true));
}

addEventListener("popstate", moved);
