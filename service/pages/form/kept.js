// What the device keeps of one form: answers not sent yet, for an hour at most, of one link at a time.

const KEY = "form";
const HOUR = 60 * 60 * 1000;
export const PAGES = "form-page";

let memory = null; // where the browser keeps nothing (its own setting)

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return memory;
  }
}

function write(kept) {
  memory = kept;
  try {
    if (kept) localStorage.setItem(KEY, JSON.stringify(kept));
    else localStorage.removeItem(KEY);
  } catch {
    // In memory alone then: a reload loses it.
  }
}

/** Remove all that the device keeps of any link. */
export function wipe() {
  write(null);
  if ("caches" in window) caches.delete(PAGES).catch(() => {});
}

/** Return what is kept of this link, or an empty one; what is too old, or of another link, is removed. */
export function load(link) {
  const kept = read();
  if (kept?.link === link && Date.now() < kept.until && kept.until <= Date.now() + HOUR) return kept;
  if (kept) wipe();
  return { link, until: null, answers: {}, screen: 0, finished: null };
}

/** Keep it, for an hour from the first time: what is answered or finished later begins no new hour. */
export function keep(kept) {
  kept.until ??= Date.now() + HOUR;
  write(kept);
}
