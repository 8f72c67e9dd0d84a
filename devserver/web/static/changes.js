// Show what changed in a text. What comes is text and is shown as text: nothing here makes markup.
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
}
