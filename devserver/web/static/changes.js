// Show what changed in a text, and draw the map of its journey. What comes is text and is shown as text: nothing here makes markup.
"use strict";

// The text of a box, with what is new or came along in elements of their own.
function writeMarked(place, box) {
  const pieces = box.change && box.change.pieces.length ? box.change.pieces : [["", box.text]];
  const wanted = JSON.stringify(pieces);
  if (place.dataset.pieces === wanted) return;
  place.dataset.pieces = wanted;
  place.replaceChildren(...pieces.map(([tag, text]) => (tag ? withText(tag, text) : text)));
}

function withText(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function fillChange(element, box) {
  const change = box.change || { sentence: "", gone: [], drift: null };
  write(slot(element, "change"), change.sentence);
  show(element.querySelector(".changed"), change.sentence !== "");
  const gone = slot(element, "gone");
  gone.lang = box.language;
  gone.replaceChildren(...change.gone.flatMap((part) => [withText("del", part), " "]));
  show(element.querySelector(".gone"), change.gone.length > 0);
  write(slot(element, "drift"), change.drift ? change.drift.sentence : "");
  slot(element, "meter").value = change.drift ? change.drift.value : 0;
  show(element.querySelector(".how-far"), Boolean(change.drift));
  element.querySelector('[data-do="aloud"]').dataset.language = box.codes.length ? box.codes[box.codes.length - 1] : box.language;
}

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, given) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(given)) element.setAttribute(attribute, value);
  return element;
}

// The arcs that are there stay, so that only the new one draws itself.
function drawTravel(figure, map) {
  show(figure, Boolean(map));
  if (!map) return;
  const svg = figure.querySelector("svg");
  svg.setAttribute("viewBox", map.view);
  svg.setAttribute("class", map.part);
  const legs = slot(figure, "legs");
  while (legs.children.length > map.legs.length) legs.lastElementChild.remove();
  map.legs.forEach((leg, number) => {
    const state = leg.is_done ? "done" : "going";
    const known = legs.children[number];
    if (!known) {
      legs.append(drawn("path", { class: `leg new ${state}`, pathLength: "1", d: leg.path, "marker-end": "url(#tip)" }));
      return;
    }
    known.setAttribute("d", leg.path);
    known.classList.toggle("done", leg.is_done);
    known.classList.toggle("going", !leg.is_done);
  });
  slot(figure, "stops").replaceChildren(...map.stops.map((stop) => drawnStop(stop, map.size)));
}

function drawnStop(stop, size) {
  const name = drawn("text", { x: stop.label_x, y: stop.label_y, "text-anchor": stop.anchor });
  name.textContent = stop.name;
  const group = drawn("g", { class: "stop" });
  group.append(drawn("circle", { cx: stop.x, cy: stop.y, r: (size * 0.28).toFixed(1) }), name);
  return group;
}
