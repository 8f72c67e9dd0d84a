// The board of a room: cards grow while their runs go on. What comes is text and is shown as text.
"use strict";

const room = document.querySelector("[data-room-live]");
const cards = room.querySelector('[data-slot="cards"]');
let source = null;

function slot(element, name) {
  return element.querySelector(`[data-slot="${name}"]`);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}

function fresh(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

function found(list, name, value) {
  return [...list.children].find((element) => element.dataset[name] === value);
}

// Only what is new is added: a picture that is there is not loaded again, and a text that is read stays.
function fill(list, values, make) {
  while (list.children.length > values.length) list.lastElementChild.remove();
  values.forEach((value, place) => {
    const said = JSON.stringify(value);
    const old = list.children[place];
    if (old && old.dataset.said === said) return;
    const element = make(value);
    element.dataset.said = said;
    if (old) old.replaceWith(element);
    else list.append(element);
  });
}

function step([way, text]) {
  const element = document.createElement("li");
  const name = document.createElement("b");
  const what = document.createElement("span");
  name.textContent = way;
  what.textContent = text;
  what.dir = "auto";
  element.append(name, " ", what);
  return element;
}

function picture(address) {
  const element = document.createElement("img");
  element.src = address;
  element.alt = "";
  return element;
}

function line(sentence) {
  const element = document.createElement("li");
  element.textContent = sentence;
  return element;
}

function cardOf(told) {
  const known = found(cards, "key", told.key);
  if (known) return known;
  const card = fresh("card");
  card.dataset.key = told.key;
  card.dataset.order = told.order;
  const after = [...cards.children].find((other) => other.dataset.order < told.order);
  cards.insertBefore(card, after || null);
  return card;
}

function showCard(told) {
  const card = cardOf(told);
  card.className = `room-card ${told.tone}`;
  card.dataset.status = told.status;
  write(slot(card, "nickname"), told.nickname || room.dataset.wordSomebody);
  for (const name of ["title", "status_word", "place", "prompt", "final"]) write(slot(card, name), told[name]);
  const lists = { steps: [told.is_over ? [] : told.steps, step], pictures: [told.pictures, picture], stopped: [told.stopped, line] };
  for (const [name, [values, make]] of Object.entries(lists)) {
    fill(slot(card, name), values, make);
    slot(card, name).hidden = values.length === 0;
  }
  slot(card, "concern").hidden = !told.is_concern;
  const progress = slot(card, "progress");
  progress.max = told.of || 1;
  progress.value = told.done;
  progress.hidden = told.is_over || !told.of;
  showChoices(card, told);
  slot(room, "no-cards").hidden = true;
}

function showChoices(card, told) {
  const form = card.querySelector("form");
  form.action = form.action.replace(/[^/]*$/, encodeURIComponent(told.name));
  slot(card, "big").href = `/runs/${encodeURIComponent(told.name)}`;
  slot(card, "teacher").href = `/runs/${encodeURIComponent(told.name)}?audience=teacher`;
  slot(card, "big").hidden = told.is_hidden;
  slot(card, "teacher").hidden = told.stopped.length === 0;
  const shown = {
    share: told.can_share && !told.is_shared,
    unshare: told.is_shared,
    hide: told.can_share,
    show: told.is_hidden,
    cancel: !told.is_over,
  };
  for (const button of form.querySelectorAll("button")) button.hidden = !shown[button.value];
}

function showRoom(told) {
  room.dataset.state = told.state;
  write(slot(room, "state_word"), told.state_word);
  write(slot(room, "counts"), told.counts);
  write(slot(room, "pupil-count"), String(told.pupils.length));
  slot(room, "no-pupils").hidden = told.pupils.length > 0;
  slot(room, "room-do").hidden = told.state === "closed";
  const wayIn = slot(room, "way-in");
  if (wayIn) wayIn.hidden = told.state === "closed";
  fill(slot(room, "pupils"), told.pupils, pupil);
}

function pupil(told) {
  const element = fresh("pupil");
  element.dataset.pupil = told.pupil;
  write(slot(element, "name"), told.nickname || room.dataset.wordNoName);
  element.querySelector(".hidden-word").textContent = ` ${told.nickname}`;
  const form = element.querySelector("form");
  form.action = form.action.replace(/[^/]*$/, encodeURIComponent(told.pupil));
  return element;
}

function follow() {
  if (source || document.hidden) return;
  const seen = new Set();
  source = new EventSource(room.dataset.roomLive);
  source.addEventListener("card", (event) => {
    const told = JSON.parse(event.data);
    seen.add(told.key);
    showCard(told);
  });
  source.addEventListener("gone", (event) => {
    const card = found(cards, "key", JSON.parse(event.data).key);
    if (card) card.remove();
    slot(room, "no-cards").hidden = cards.children.length > 0;
  });
  source.addEventListener("room", (event) => {
    showRoom(JSON.parse(event.data));
    // The first message of a connection comes after all of its cards: what is not among them is gone.
    if (seen.size) for (const card of [...cards.children]) if (!seen.has(card.dataset.key)) card.remove();
    seen.clear();
  }, { once: true });
  source.addEventListener("room", (event) => showRoom(JSON.parse(event.data)));
  source.addEventListener("open", () => (slot(room, "lost").hidden = true));
  source.addEventListener("error", () => {
    slot(room, "lost").hidden = false;
    if (source && source.readyState === EventSource.CLOSED) setTimeout(comeBack, 3000);
  });
}

function stop() {
  if (source) source.close();
  source = null;
}

// What a button does is seen on the board when it has happened; the page stays where it is.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!room.contains(form) || form.classList.contains("whole")) return;
  event.preventDefault();
  const said = new FormData(form, event.submitter);
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(said), redirect: "manual" });
    if (answer.type !== "opaqueredirect") location.reload();
  } catch {
    location.reload();
  }
});
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : follow()));
addEventListener("pagehide", stop);
follow();
