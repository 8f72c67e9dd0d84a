// Show how far a bundle is, and load the page again when it is made. A server that is gone is waited for.
"use strict";

const place = document.querySelector("[data-bundle]");

async function look() {
  try {
    const answer = await fetch(place.dataset.bundle, { cache: "no-store" });
    if (!answer.ok) return location.reload();
    const bundle = await answer.json();
    if (bundle.state !== "waiting" && bundle.state !== "running") return location.reload();
    place.querySelector("progress").value = bundle.done;
    place.querySelector("progress").max = Math.max(1, bundle.of);
    place.querySelector('[data-slot="done"]').textContent = String(bundle.done);
    place.querySelector('[data-slot="of"]').textContent = String(bundle.of);
  } catch {
    // The network is away for a moment.
  }
  setTimeout(look, 500);
}
look();
