// Sends the answers once. Without a network they wait, and are sent when it is back.

const FIRST_PAUSE = 3000;
const LONGEST_PAUSE = 30000;
const REQUEST_SECONDS = 20;
const ENDS = { 200: "thanks", 404: "unknown", 409: "used", 410: "over" };

async function sendOnce(kept, language) {
  const body = JSON.stringify({
    answers: kept.answers,
    language,
    waited_seconds: Math.max(0, Math.round((Date.now() - kept.finished) / 1000)),
    offset_minutes: -new Date(kept.finished).getTimezoneOffset(),
  });
  const answer = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(REQUEST_SECONDS * 1000),
  });
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Error("later");
  return ENDS[answer.status] ?? "refused";
}

function pause(milliseconds, until) {
  return new Promise((resume) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resume();
    };
    const timer = setTimeout(done, Math.max(0, Math.min(milliseconds, until - Date.now())));
    addEventListener("online", done);
  });
}

/** Return how sending ended: thanks, used, over, unknown, refused, or lost after an hour of waiting. */
export async function send(kept, language, tellWaiting) {
  for (let wait = FIRST_PAUSE; Date.now() < kept.until; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
    try {
      return await sendOnce(kept, language);
    } catch {
      tellWaiting();
      await pause(wait, kept.until);
    }
  }
  return "lost";
}
