// Say how many runs of the list are chosen, choose a whole page at once, and keep addresses of lists short.
"use strict";

const filters = document.querySelector("form.filters");
const chosen = document.querySelector("#chosen");

for (const form of [filters, document.querySelector("form.jump")].filter(Boolean)) {
  form.addEventListener("submit", () => {
    // What is not said is not in the address.
    for (const field of form.elements) field.disabled = field.name !== "" && field.value === "";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.filters, form.jump")) {
    for (const field of form.elements) field.disabled = false;
  }
  if (chosen) tell();
});

if (chosen) {
  const page = chosen.querySelector('[data-do="page"]');
  if (page) page.hidden = false;
  page?.addEventListener("click", () => {
    const free = ticks().filter((tick) => !tick.disabled);
    const isFull = free.every((tick) => tick.checked);
    for (const tick of free) tick.checked = !isFull;
    tell();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "run" || event.target.name === "all") tell();
  });
  tell();
}

function ticks() {
  return [...document.querySelectorAll('.runs input[name="run"]')];
}

function tell() {
  const place = chosen.querySelector('[data-slot="count"]');
  const all = chosen.querySelector('input[name="all"]');
  const areAll = Boolean(all?.checked);
  const count = areAll ? Number(all.dataset.total) : ticks().filter((tick) => tick.checked).length;
  const words = areAll ? place.dataset.all : count ? place.dataset.some : place.dataset.none;
  place.textContent = words.replace("{count}", String(count));
  for (const button of chosen.querySelectorAll('button[type="submit"]')) {
    const needed = Number(button.dataset.needs || 0);
    button.disabled = needed ? areAll || count !== needed : count === 0;
  }
}
