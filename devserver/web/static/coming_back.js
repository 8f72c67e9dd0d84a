// Load the page again when its server is there, and put the focus back where it was.
"use strict";

const FOCUS_KEPT = "devserver focus";
const CONTROLS = "a[href], button, input, select, textarea, summary, audio, video";
let isComingBack = false;

// A server that is ending, or a proxy without one behind it, has no page to give: a reload would end in an error page.
async function isServerThere() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    return ["ok", "not ok"].includes((await answer.text()).trim());
  } catch {
    return false;
  }
}

async function comeBack() {
  if (isComingBack) return;
  isComingBack = true;
  const lost = document.querySelector('[data-slot="lost"]');
  while (!(await isServerThere())) {
    if (lost) lost.hidden = false;
    await new Promise((go) => setTimeout(go, 1000));
  }
  keepFocus();
  location.reload();
}

// What a control is known by on both pages: addresses change when a run begins, words do not.
function nameOfControl(element) {
  const box = element.closest("[data-key]");
  const said = element.getAttribute("aria-label") || element.textContent.trim();
  return [element.tagName, element.id, element.name || "", box ? box.dataset.key : "", said].join("\n");
}

function keepFocus() {
  const element = document.activeElement;
  if (element && element !== document.body) remember(nameOfControl(element));
}

// What is there no more (a run that is over cannot be ended) leaves the focus at the beginning of the content.
function giveFocusBack() {
  const name = remembered();
  if (name === null) return;
  const same = [...document.querySelectorAll(CONTROLS)].find((element) => nameOfControl(element) === name);
  (same || document.getElementById("content")).focus({ preventScroll: true });
}

// A browser that keeps nothing for pages throws here; the page comes back all the same.
function remember(name) {
  try {
    sessionStorage.setItem(FOCUS_KEPT, name);
  } catch {}
}

function remembered() {
  try {
    const name = sessionStorage.getItem(FOCUS_KEPT);
    sessionStorage.removeItem(FOCUS_KEPT);
    return name;
  } catch {
    return null;
  }
}

giveFocusBack();
