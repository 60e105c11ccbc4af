/** Where the page is: the path names the page, the query names filters and the open entity. */
const listeners = new Set<() => void>();

/** Return the present address. */
export function here(): URL {
  return new URL(location.href);
}

/** Go to an address of the page; `replace` keeps it out of the browser's history. */
export function go(to: string | URL, replace = false): void {
  const target = new URL(to, location.href);
  if (target.href === location.href) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  changed();
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
  for (const listener of listeners) listener();
}

addEventListener("popstate", changed);
