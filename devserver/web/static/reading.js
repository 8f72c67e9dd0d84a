// How a journey is read: with or without the marks of what changed, and read aloud where this browser has a voice.
"use strict";

{
  const journey = document.querySelector(".journey");
  const toggle = journey.querySelector('[data-do="marks"]');
  const KEPT = "marks";

  const showMarks = (areShown) => {
    toggle.setAttribute("aria-pressed", String(areShown));
    journey.classList.toggle("unmarked", !areShown);
  };

  // A browser may keep nothing: then a choice is for this page.
  const kept = () => {
    try {
      return localStorage.getItem(KEPT);
    } catch {
      return null;
    }
  };

  const keep = (choice) => {
    try {
      localStorage.setItem(KEPT, choice);
    } catch {
      return;
    }
  };

  toggle.hidden = false;
  showMarks(kept() !== "off");
  toggle.addEventListener("click", () => {
    const areShown = toggle.getAttribute("aria-pressed") !== "true";
    showMarks(areShown);
    keep(areShown ? "on" : "off");
  });
}
