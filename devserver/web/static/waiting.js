// Tell a waiting run's place in the queue, and go to its page when it begins. A server that is gone is waited for.
"use strict";

const place = document.querySelector("[data-live]");
const source = new EventSource(place.dataset.live);

source.addEventListener("queued", (event) => {
  const told = JSON.parse(event.data);
  slot("position").textContent = String(told.position);
  const words = slot("sentence").dataset;
  const sentence = { paused: words.wordPaused, own: words.wordOwn }[told.held] || words.word;
  if (slot("sentence").textContent !== sentence) slot("sentence").textContent = sentence;
});
for (const kind of ["started", "finished"]) {
  source.addEventListener(kind, () => {
    source.close();
    comeBack();
  });
}
source.addEventListener("open", () => show(false));
source.addEventListener("error", () => {
  show(true);
  // A server that does not answer is asked again by the browser; one that refuses has a page that says why.
  if (source.readyState === EventSource.CLOSED) setTimeout(comeBack, 3000);
});
addEventListener("pagehide", () => source.close());

function slot(name) {
  return place.querySelector(`[data-slot="${name}"]`);
}

function show(isLost) {
  slot("lost").hidden = !isLost;
}
