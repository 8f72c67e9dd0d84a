// Tell a waiting run's place in the queue, and go to its page when it begins.
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
addEventListener("pagehide", () => source.close());
