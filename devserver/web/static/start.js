// Put an example into the prompt without a new page, and send the form only once.
"use strict";

const form = document.querySelector("form.start");
const prompt = document.getElementById("prompt");

for (const link of document.querySelectorAll("[data-example]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    prompt.value = link.textContent;
    prompt.focus();
  });
}
form.addEventListener("submit", () => {
  form.querySelector("button[type=submit]").disabled = true;
});
addEventListener("pageshow", () => {
  form.querySelector("button[type=submit]").disabled = false;
});
