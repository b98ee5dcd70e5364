// A question before something that cannot be undone.

import { html } from "../html.js";
import { icon } from "./icons.js";
import { notice } from "./form.js";

/**
 * Ask, and do it if the word is typed. The dialog keeps the focus, and gives it back.
 * @param {{title: string, text: string, word: string, label: string, action: string, run: () => Promise<void>}} options
 */
export function confirmByWord({ title, text, word, label, action, run }) {
  const input = html`<input id="confirm-word" type="text" autocomplete="off" autocapitalize="none" spellcheck="false">`;
  const go = html`<button class="danger" type="submit" disabled>${action}</button>`;
  const alert = html`<div role="alert"></div>`;
  const close = () => dialog.close();
  const dialog = html`
    <dialog class="question" aria-labelledby="question-title">
      <form @submit=${submitted}>
        <div class="symbol bad">${icon("warn")}</div>
        <h2 id="question-title">${title}</h2>
        <p>${text}</p>
        ${alert}
        <div class="field">
          <label for="confirm-word">${label}</label>
          <div class="input">${input}</div>
        </div>
        <p class="actions"><button type="button" @click=${close}>Keep it</button>${go}</p>
      </form>
    </dialog>
  `;
  input.addEventListener("input", () => {
    go.disabled = input.value !== word;
  });

  async function submitted(event) {
    event.preventDefault();
    if (input.value !== word || go.getAttribute("aria-busy")) return;
    go.setAttribute("aria-busy", "true");
    try {
      await run();
      dialog.close();
    } catch (problem) {
      alert.replaceChildren(notice(problem.message, "bad"));
    } finally {
      go.removeAttribute("aria-busy");
    }
  }

  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
