// A form that says what is wrong beside the field that it is about, and leads there.

import { ApiError } from "../api.js";
import { html } from "../html.js";
import { faults } from "../rules.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   name: string, label: string, type?: string, autocomplete?: string, hint?: string,
 *   value?: string, required?: boolean, max?: string,
 * }} FieldOptions
 */

/**
 * `whose` tells a password manager whose password is asked for, where no field does.
 *
 * @param {{
 *   fields: FieldOptions[],
 *   submit: string,
 *   whose?: string,
 *   send: (values: Record<string, string>) => Promise<void>,
 *   check?: (values: Record<string, string>, required: string[]) => Record<string, string>,
 * }} options
 */
export function form({ fields, submit, send, check = faults, whose }) {
  const made = fields.map(field);
  const required = fields.filter((one) => one.required).map(({ name }) => name);
  const alert = html`<div role="alert"></div>`;
  const button = html`<button class="main" type="submit">${submit}</button>`;
  let busy = false;

  function complain(problems) {
    for (const one of made) one.complain(problems[one.name] ?? "");
    made.find(({ name }) => problems[name])?.input.focus();
  }

  async function submitted(event) {
    event.preventDefault();
    if (busy) return;
    alert.replaceChildren();
    const values = Object.fromEntries(made.map(({ name, input }) => [name, typed(input)]));
    const problems = check(values, required);
    complain(problems);
    if (Object.keys(problems).length > 0) return;
    busy = true;
    button.setAttribute("aria-busy", "true");
    try {
      await send(values);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      if (problem.kind === "expired") return;
      const known = made.some(({ name }) => problem.fields[name]);
      complain(problem.fields);
      if (!known) alert.append(notice(problem.message, "bad"));
    } finally {
      busy = false;
      button.removeAttribute("aria-busy");
    }
  }

  return html`
    <form class="form" novalidate @submit=${submitted}>
      ${alert}
      ${whose && html`<input hidden autocomplete="username" value=${whose}>`}
      ${made.map(({ node }) => node)}
      ${button}
    </form>
  `;
}

/** Something to know before going on. */
export function notice(text, tone = "good") {
  return html`<p class=${`notice ${tone}`}>${icon(tone === "bad" ? "warn" : "check")}<span>${text}</span></p>`;
}

/** @param {FieldOptions} options */
export function field({ name, label, type = "text", hint, value, required = false, ...rest }) {
  const id = `field-${name}`;
  const error = html`<p class="error" id=${`${id}-error`}></p>`;
  const input = html`
    <input id=${id} name=${name} type=${type} value=${value} required=${required}
      autocomplete=${rest.autocomplete} max=${rest.max} autocapitalize="none" spellcheck="false"
      aria-describedby=${`${hint ? `${id}-hint ` : ""}${id}-error`}>
  `;
  const node = html`
    <div class="field">
      <label for=${id}>${label}${!required && html`<span class="optional"> (optional)</span>`}</label>
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
      <div class="input">${input}${type === "password" && reveal(input)}</div>
      ${error}
    </div>
  `;
  return {
    name,
    input,
    node,
    complain(text) {
      error.replaceChildren(...(text ? [icon("warn"), text] : []));
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/** What was typed; a password may begin or end with a space. */
function typed(input) {
  return input.name === "Password" ? input.value : input.value.trim();
}

function reveal(input) {
  const button = html`
    <button class="reveal" type="button" aria-pressed="false" aria-label="Show the password">${icon("show")}</button>
  `;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.replaceChildren(icon(shown ? "hide" : "show"));
  });
  return button;
}
