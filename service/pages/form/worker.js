// The service worker: pages from the network, and where there is none the one that was kept, an hour long.

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

async function fromNetwork(request, pathname) {
  const pages = await caches.open(PAGES);
  try {
    const page = await fetch(request);
    if (page.status !== 200) await caches.delete(PAGES);
    return page;
  } catch (error) {
    const kept = await pages.match(pathname);
    const age = Date.now() - Date.parse(kept?.headers.get("date") ?? "");
    if (kept && age < HOUR) return kept;
    throw error;
  }
}
