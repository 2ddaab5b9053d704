// The list of keys, by ? or by its button, which is shown only where scripts run.
"use strict";

const keyList = document.getElementById("keys");
const keyButton = document.getElementById("show-keys");

function showKeys() {
  if (!keyList.open) keyList.showModal();
}

keyButton.hidden = false;
keyButton.addEventListener("click", showKeys);
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !isTyping(event.target)) showKeys();
});
