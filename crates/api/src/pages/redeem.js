// What the link of a mail is good for: reads its secret, takes it out of the address bar, and sends it with what the
// person wrote. The secret never leaves this page but in the body of that one request.

const form = document.querySelector("form[data-redeem]");
const status = document.getElementById("status");
const button = form.querySelector("button");
const fields = [...form.querySelectorAll("input[name]")];
let secret = "";

function say(text, isError) {
  status.className = isError ? "bad" : "good";
  status.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  status.focus();
}

function open() {
  const found = decodeURIComponentOrNothing(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  if (found !== "") {
    secret = found;
    status.textContent = "";
    status.className = "";
  }
  form.hidden = secret === "";
  if (form.hidden) {
    say("The link is not whole. Open it from the mail once more, or copy all of it.", true);
  } else {
    (fields[0] ?? button).focus();
    show();
  }
}

// Fills in what the server knows of the link, where the page asks for that.
async function show() {
  if (form.dataset.show === undefined) {
    return;
  }
  try {
    const response = await post(form.dataset.show, { secret });
    const answer = await answerOf(response);
    // The link is good no more.
    if (response.status === 422) {
      form.hidden = true;
      tell(answer);
    }
    if (!response.ok) {
      return;
    }
    for (const place of form.querySelectorAll("[data-known]")) {
      const known = answer[place.dataset.known] ?? "";
      if (place.value === "") {
        place.value = known;
      } else if (place.value === undefined && known !== "") {
        place.textContent = known;
      }
    }
  } catch {
    // The page does without; what is wrong shows when the form is sent.
  }
}

function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    cache: "no-store",
    body: JSON.stringify(body),
  });
}

function decodeURIComponentOrNothing(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function mark(field, fault) {
  const place = document.getElementById(`${field.id}-error`);
  place.textContent = fault;
  if (fault === "") {
    field.removeAttribute("aria-invalid");
  } else {
    field.setAttribute("aria-invalid", "true");
  }
}

// Shows what is missing; answers whether everything is there.
function check() {
  for (const field of fields) {
    mark(field, field.required && field.value.trim() === "" ? "This is needed." : "");
  }
  const first = fields.find((field) => field.hasAttribute("aria-invalid"));
  first?.focus();
  return first === undefined;
}

// A fault that belongs to a field stands beside it, any other above.
function tell(problem) {
  const rest = [];
  for (const { pointer, detail } of problem.errors ?? []) {
    const field = fields.find((field) => `#/${field.name}` === pointer);
    if (field === undefined) {
      rest.push(detail);
    } else {
      mark(field, detail);
      field.focus();
    }
  }
  if (problem.errors === undefined || rest.length > 0) {
    say(rest.join(" ") || problem.detail || "The server could not do it. Try again in a moment.", true);
  }
}

async function answerOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

async function redeem() {
  const body = { secret };
  for (const field of fields) {
    if (field.required || field.value.trim() !== "") {
      body[field.name] = field.value;
    }
  }
  const response = await post(form.dataset.redeem, body);
  const answer = await answerOf(response);
  if (!response.ok) {
    tell(answer);
    return;
  }
  secret = "";
  form.remove();
  const where = answer.organisation === undefined ? "" : ` (${answer.organisation})`;
  const mail = answer.channel === undefined ? "" : ` Mail to ${answer.channel} becomes a ticket.`;
  say(`${form.dataset.done} ${answer.address}${where}.${mail}`, false);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!check()) {
    return;
  }
  button.disabled = true;
  try {
    await redeem();
  } catch {
    say("The server can't be reached. Look at your connection and try again.", true);
  } finally {
    button.disabled = false;
  }
});

document.getElementById("show")?.addEventListener("change", (event) => {
  document.getElementById("password").type = event.target.checked ? "text" : "password";
});

addEventListener("hashchange", open);
open();
