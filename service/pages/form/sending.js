// Sends the answers once. Without a network they wait, and are sent when it is back.

const FIRST_PAUSE = 3000;
const LONGEST_PAUSE = 30000;
const REQUEST_SECONDS = 20;
const ENDS = { 404: "unknown", 409: "used", 410: "over", 400: "refused", 413: "refused", 415: "refused", 422: "refused" };

/** Return the answer to the answers; one that does not come in time counts as no network. */
async function post(body) {
  // CAUTION: not AbortSignal.timeout: tablets of clinics with Safari below 16 have none.
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), REQUEST_SECONDS * 1000);
  try {
    return await fetch(location.pathname, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      cache: "no-store",
      redirect: "error",
      signal: giveUp.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function sendOnce(kept, language) {
  const body = JSON.stringify({
    answers: kept.answers,
    language,
    waited_seconds: Math.max(0, Math.round((Date.now() - kept.finished) / 1000)),
    offset_minutes: -new Date(kept.finished).getTimezoneOffset(),
  });
  const answer = await post(body);
  // A network that wants a log-in first may answer anything, 200 too: only the service's own words end the waiting.
  if (answer.status === 200 && (await answer.json()).state === "received") return "thanks";
  if (!(answer.status in ENDS)) throw new Error("later");
  return ENDS[answer.status];
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
