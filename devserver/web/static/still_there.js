// In a room: a journey that is over goes from the page when it is hidden, or is not shared any more.
"use strict";

const LOOK_MILLISECONDS = 2000;
const journey = document.querySelector("[data-still]");

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(journey.dataset.still, { cache: "no-store" });
    if ([401, 403, 404].includes(answer.status)) location.reload();
  } catch {}
}

document.addEventListener("visibilitychange", look);
setInterval(look, LOOK_MILLISECONDS);
