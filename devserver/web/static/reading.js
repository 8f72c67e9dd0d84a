// How a journey is read: with or without the marks of what changed, and read aloud where this browser has a voice.
"use strict";

{
  const journey = document.querySelector(".journey");
  const toggle = journey.querySelector('[data-do="changes"]');
  const KEPT = "changes";

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

  // Read aloud. Only voices of this device: others would send what was written to whoever makes them.
  const voices = window.speechSynthesis;
  let speaking = null;

  const voiceFor = (language) => {
    const wanted = language.split("-")[0].toLowerCase();
    const own = voices.getVoices().filter((voice) => voice.localService);
    return wanted && own.find((voice) => voice.lang.split(/[-_]/)[0].toLowerCase() === wanted);
  };

  const offer = () => {
    for (const button of journey.querySelectorAll('[data-do="aloud"]')) {
      const text = textBeside(button);
      const isMute = text.hidden || !voiceFor(button.dataset.language);
      if (button.hidden !== isMute) button.hidden = isMute;
    }
  };

  const textBeside = (button) => button.closest("article").querySelector('[data-slot="text"]');

  const stopReading = () => {
    if (speaking) speaking.textContent = speaking.dataset.start;
    speaking = null;
    voices.cancel();
  };

  const read = (button) => {
    const text = textBeside(button);
    const told = new SpeechSynthesisUtterance(text.textContent);
    told.voice = voiceFor(button.dataset.language);
    told.lang = button.dataset.language;
    told.onend = () => speaking === button && stopReading();
    speaking = button;
    button.textContent = button.dataset.stop;
    voices.speak(told);
  };

  if (voices) {
    journey.addEventListener("click", (event) => {
      const button = event.target.closest('[data-do="aloud"]');
      if (!button) return;
      const isRead = speaking === button;
      stopReading();
      if (!isRead) read(button);
    });
    voices.addEventListener("voiceschanged", offer);
    addEventListener("pagehide", stopReading);
    const chapters = journey.querySelector(".chapters");
    new MutationObserver(offer).observe(chapters, { childList: true, subtree: true, attributeFilter: ["data-language"] });
    offer();
  }
}
