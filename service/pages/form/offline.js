// Keeps the page of one link for a reload without a network; `wipe` of kept.js removes it.

import { PAGES } from "./kept.js";

const FILES = "form-files";

/** Let the page be loaded again without a network; where the browser cannot do that, nothing happens.

`isOver` tells that the form ended meanwhile: what was removed then must not come back. */
export async function keepPage(files, isOver) {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  try {
    await navigator.serviceWorker.register("/form/worker.js");
    const cache = await caches.open(FILES);
    for (const old of await cache.keys()) {
      if (!files.includes(new URL(old.url).pathname)) await cache.delete(old);
    }
    await cache.addAll(files);
    const pages = await caches.open(PAGES);
    for (const old of await pages.keys()) if (new URL(old.url).pathname !== location.pathname) await pages.delete(old);
    if (await pages.match(location.pathname)) return;
    const page = await fetch(location.href, { cache: "no-store" });
    if (page.status === 200 && !isOver()) await pages.put(location.pathname, page);
    if (isOver()) await caches.delete(PAGES);
  } catch {
    // The form works all the same while there is a network.
  }
}
