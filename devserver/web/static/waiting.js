// Tell a waiting run's place in the queue, and go to its page when it begins. A server that is gone is waited for.
"use strict";

const place = document.querySelector("[data-live]");
const source = new EventSource(place.dataset.live);

source.addEventListener("queued", (event) => {
  place.querySelector('[data-slot="position"]').textContent = String(JSON.parse(event.data).position);
});
for (const kind of ["started", "finished"]) {
  source.addEventListener(kind, () => {
    source.close();
    location.reload();
  });
}
source.addEventListener("open", () => show(false));
source.addEventListener("error", () => {
  show(true);
  // A server that does not answer is asked again by the browser; one that refuses has a page that says why.
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
});
addEventListener("pagehide", () => source.close());

function show(isLost) {
  place.querySelector('[data-slot="lost"]').hidden = !isLost;
}
