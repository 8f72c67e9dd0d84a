// Show how far a bundle or an erasure is, and load the page again when it has more to say. A server that is gone is waited for.
"use strict";

const place = document.querySelector("[data-getting-on]");

async function look() {
  try {
    const answer = await fetch(place.dataset.gettingOn, { cache: "no-store" });
    if (!answer.ok) return location.reload();
    const told = await answer.json();
    if (told.state !== place.dataset.state) return location.reload();
    place.querySelector("progress").value = told.done;
    place.querySelector("progress").max = Math.max(1, told.of);
    place.querySelector('[data-slot="done"]').textContent = String(told.done);
    place.querySelector('[data-slot="of"]').textContent = String(told.of);
    place.querySelector(".count").hidden = !told.of;
  } catch {
    // The network is away for a moment.
  }
  setTimeout(look, 500);
}
look();
