// Waiting for what takes its time.

/**
 * Ask until there is an answer, less and less often.
 * @template T
 * @param {() => Promise<T | null>} ask
 * @param {{pause: (ms: number) => Promise<void>, first?: number, longest?: number, total?: number}} options
 * @returns {Promise<T | null>} null when the time is over
 */
export async function patiently(ask, { pause, first = 500, longest = 5_000, total = 90_000 }) {
  let wait = first;
  let waited = 0;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (waited >= total) return null;
    await pause(wait);
    waited += wait;
    wait = Math.min(wait * 1.5, longest);
  }
}

/** A pause that ends with the signal, as an AbortError. */
export function pausing(signal) {
  return (ms) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      function stop() {
        clearTimeout(timer);
        reject(signal.reason);
      }
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
}
