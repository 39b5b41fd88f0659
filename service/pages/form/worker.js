// The service worker: pages from the network, and where there is none, or it is too busy, the one that was kept,
// an hour long.

const FILES = "form-files";
const PAGES = "form-page";
const HOUR = 60 * 60 * 1000;

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/form/assets/")) event.respondWith(fromFiles(request));
  else if (request.mode === "navigate") event.respondWith(fromNetwork(request, pathname));
});

async function fromFiles(request) {
  const kept = await (await caches.open(FILES)).match(request);
  return kept ?? fetch(request);
}

/** What is kept of a page is what was seen last, in its language; nothing of one that is over. */
async function keepAnew(page, pathname) {
  if (page.status !== 200) return caches.delete(PAGES);
  const pages = await caches.open(PAGES);
  if (await pages.match(pathname)) await pages.put(pathname, page.clone());
}

async function fromNetwork(request, pathname) {
  const page = await fetch(request).catch(() => null);
  if (page && page.status < 500 && page.status !== 429) {
    await keepAnew(page, pathname);
    return page;
  }
  const kept = await (await caches.open(PAGES)).match(pathname);
  const age = Date.now() - Date.parse(kept?.headers.get("date") ?? "");
  return kept && age < HOUR ? kept : (page ?? Response.error());
}
