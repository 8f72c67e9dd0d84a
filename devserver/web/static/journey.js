// Follow a run and fill its boxes while it goes on. What comes is text and is shown as text: nothing here makes markup.
"use strict";

const page = document.querySelector("[data-live]");
const words = page.dataset;
const clockAhead = Date.now() - Number(words.now);
const LONGEST_SHOWN = 400;
let lastEvent = words.after;
let source = null;
let retry = null;

function slot(element, name) {
  return element.querySelector(`[data-slot="${name}"]`);
}

function show(element, isShown) {
  element.hidden = !isShown;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fresh(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

function found(selector, name, value) {
  return [...document.querySelectorAll(selector)].find((element) => element.dataset[name] === value);
}

// Put an element among its siblings, which are sorted by their `order`.
function insert(parent, element) {
  const next = [...parent.children].find((other) => (other.dataset.order || "") > element.dataset.order);
  parent.insertBefore(element, next || null);
}

function chapterOf(box) {
  let chapter = found("[data-chapter]", "chapter", box.chapter);
  if (!chapter) {
    chapter = fresh("chapter");
    chapter.dataset.chapter = box.chapter;
    chapter.dataset.order = box.order;
    chapter.classList.add(box.chapter.slice(0, 1));
    insert(document.querySelector(".chapters"), chapter);
  }
  write(slot(chapter, "title"), box.chapter_title);
  return chapter;
}

function elementOf(box) {
  let element = found("[data-key]", "key", box.key);
  if (!element) {
    element = fresh("box");
    element.dataset.key = box.key;
    element.dataset.order = box.order;
    const chapter = chapterOf(box);
    insert(chapter.querySelector("ol"), element);
    chapter.dataset.size = chapter.querySelectorAll("li").length;
  }
  return element;
}

const MARKS = { done: "✓", blocked: "■", failed: "!", stopped: "■", waiting: "○", skipped: "–", held: "◌", hidden: "–", working: "" };

function fill(box) {
  const element = elementOf(box);
  const news = [box.state, ...box.way].join(" ");
  const isNews = element.dataset.news !== news && box.state !== "waiting";
  element.dataset.news = news;
  chapterOf(box);
  element.dataset.state = box.state;
  if (box.since_ms) element.dataset.since = box.since_ms;
  else {
    delete element.dataset.since;
    delete element.dataset.soFar;
  }
  element.querySelector(".mark").textContent = MARKS[box.state] || "";
  for (const name of ["label", "state_word", "caption", "took"]) write(slot(element, name), box[name]);
  fillWay(element, box.way);
  for (const name of ["note", "way_note"]) {
    write(slot(element, name), box[name]);
    show(slot(element, name), box[name] !== "");
  }
  writeMarked(slot(element, "text"), box);
  show(slot(element, "text"), box.text !== "");
  fillChange(element, box);
  for (const name of ["text", "whole"]) slot(element, name).lang = box.language;
  fillMedium(slot(element, "medium"), box.medium);
  fillDetails(element, box);
  if (isNews) announce(box);
}

function fillWay(element, way) {
  const isTwo = way.length === 2;
  const line = element.querySelector(".way");
  show(line, way.length > 0);
  show(line.querySelector(".arrow"), isTwo);
  show(line.querySelector(".hidden-word"), isTwo);
  write(slot(element, "from"), isTwo ? way[0] : "");
  write(slot(element, "to"), way.length ? way[way.length - 1] : "");
}

function fillMedium(place, medium) {
  const url = medium ? medium.url : "";
  if ((place.dataset.url || "") === url && place.hidden === !medium) return;
  place.dataset.url = url;
  show(place, Boolean(medium));
  place.replaceChildren(...(medium ? [elementOfMedium(medium)] : []));
}

function elementOfMedium(medium) {
  if (medium.kind === "image") {
    const picture = document.createElement("img");
    picture.src = medium.url;
    picture.alt = medium.alt;
    const link = document.createElement("a");
    link.href = medium.url;
    link.setAttribute("aria-label", words.wordOpenPicture);
    link.append(picture);
    return link;
  }
  if (medium.kind === "audio" || medium.kind === "video") {
    const player = document.createElement(medium.kind);
    player.controls = true;
    player.preload = "metadata";
    player.src = medium.url;
    player.setAttribute("aria-label", medium.alt);
    return player;
  }
  const line = document.createElement(medium.kind === "file" ? "a" : "p");
  if (medium.kind === "file") line.href = medium.url;
  line.textContent = medium.kind === "file" ? medium.alt : words.wordMissing;
  return line;
}

function fillDetails(element, box) {
  const isLong = box.text.length > LONGEST_SHOWN;
  show(element.querySelector("details"), isLong || box.parameters.length > 0);
  writeMarked(slot(element, "whole"), isLong ? box : { text: "", change: null });
  show(slot(element, "whole"), isLong);
  show(element.querySelector("table"), box.parameters.length > 0);
  slot(element, "parameters").replaceChildren(...box.parameters.map(rowOf));
}

function rowOf(parameter) {
  const row = document.createElement("tr");
  const name = document.createElement("th");
  const value = document.createElement("td");
  name.scope = "row";
  name.textContent = parameter.name;
  value.dir = "auto";
  value.textContent = parameter.value;
  row.append(name, value);
  return row;
}

function announce(box) {
  const parts = [box.label, box.way.join(" → "), box.state_word, box.text.slice(0, 200)];
  slot(document, "announcement").textContent = parts.filter(Boolean).join(". ");
}

function fillHead(run) {
  for (const name of ["status_word", "sentence"]) write(slot(document, name), run[name]);
  write(slot(document, "progress"), String(run.progress[0]));
  write(slot(document, "steps"), String(run.progress[1]));
  const bar = document.querySelector("progress");
  bar.max = run.progress[1] || 1;
  bar.value = run.progress[0];
  const route = slot(document, "route");
  show(route, run.route.length > 0);
  while (route.children.length > run.route.length) route.lastElementChild.remove();
  run.route.forEach((name, number) => {
    if (!route.children[number]) route.append(document.createElement("li"));
    write(route.children[number], name);
  });
  drawTravel(slot(document, "travel"), run.travel);
}

function take(event) {
  const told = JSON.parse(event.data);
  if (event.lastEventId) lastEvent = event.lastEventId;
  for (const box of told.boxes) fill(box);
  if (told.run) fillHead(told.run);
}

// How far the work on a box is. It comes and goes: no record has it.
function takeProgress(event) {
  const told = JSON.parse(event.data);
  const element = found("[data-since]", "key", told.box);
  if (!element) return;
  element.dataset.soFar = told.words;
  writeTook(element);
}

function follow() {
  stop();
  const query = new URLSearchParams({ after: lastEvent, audience: words.audience });
  source = new EventSource(`${words.live}?${query}`);
  for (const kind of ["started", "logged", "ended"]) source.addEventListener(kind, take);
  source.addEventListener("progress", takeProgress);
  source.addEventListener("finished", (event) => {
    take(event);
    stop();
    // The page of a run that is over has its exports.
    comeBack();
  });
  // It was hidden: at once from here, too.
  source.addEventListener("gone", () => location.reload());
  source.addEventListener("open", () => show(slot(document, "lost"), false));
  source.addEventListener("error", () => {
    show(slot(document, "lost"), true);
    // Refused altogether: a browser does not try that again by itself.
    if (source && source.readyState === EventSource.CLOSED) retry = setTimeout(followOrLeave, 3000);
  });
}

// Too many watch, or there is no such run any more: of that the page itself tells.
async function followOrLeave() {
  const isThere = await isServerThere();
  const isGone = isThere && (await fetch(location.href, { method: "HEAD", cache: "no-store" })).status !== 200;
  if (isGone) comeBack();
  else follow();
}

function stop() {
  clearTimeout(retry);
  if (source) source.close();
  source = null;
}

function countSeconds() {
  document.querySelectorAll("[data-since]").forEach(writeTook);
}

function writeTook(element) {
  const passed = Math.floor((Date.now() - clockAhead - Number(element.dataset.since)) / 1000);
  const parts = [element.dataset.soFar, passed > 0 ? `${passed} ${words.wordSeconds}` : ""];
  write(slot(element, "took"), parts.filter(Boolean).join(" · "));
}

// Nobody looks at a hidden page, and browsers allow only six streams to a server.
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : follow()));
addEventListener("pagehide", stop);
setInterval(countSeconds, 1000);
follow();
