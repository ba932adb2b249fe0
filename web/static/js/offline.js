// @ts-check
/** Help without a connection: lets the browser keep a page of it (see worker.js). */

/** @type {string | undefined} as Trusted Types want it, where there are any: a page may make its policy once */
let url;

/**
 * To be called whenever the connection stands: the first time may have failed on a bad line. A browser that keeps
 * nothing (a private window, plain HTTP) has help with a connection only.
 */
export function keepHelp() {
  if (!navigator.serviceWorker || (url && navigator.serviceWorker.controller)) return;
  const plain = `/worker.js?${document.documentElement.lang}`;
  url ??= /** @type {any} */ (globalThis).trustedTypes?.createPolicy("shell", {
    createScriptURL: (/** @type {string} */ asked) => (asked === plain ? plain : ""),
  }).createScriptURL(plain) ?? plain;
  navigator.serviceWorker.register(url ?? plain).catch(() => {});
}
