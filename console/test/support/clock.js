// Time in a page that a test lets pass: five minutes of timers in no time, so that a test can tell that nothing is asked.

/** Runs in the page, before its scripts: timers of 400 ms and more wait for `window.pass`; shorter ones stay real. */
function install() {
  const { setTimeout: later, setInterval: often, clearTimeout: stop } = window;
  const real = Date.now.bind(Date);
  const own = new Map();
  let ahead = 0;
  let count = 1e9;
  const now = () => real() + ahead;
  const keep =
    (every) =>
    (act, wait, ...words) => {
      if (wait < 400 || wait === undefined) return (every ? often : later)(act, wait, ...words);
      count += 1;
      own.set(count, { act: () => act(...words), at: now() + wait, every: every ? wait : 0 });
      return count;
    };
  window.setTimeout = keep(false);
  window.setInterval = keep(true);
  window.clearTimeout = window.clearInterval = (id) => (own.delete(id) ? undefined : stop(id));
  Date.now = now;
  /** Lets `ms` pass, and answers how many timers ran. */
  window.pass = async (ms) => {
    const end = now() + ms;
    let ran = 0;
    for (;;) {
      const [id, due] = [...own].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (!due || due.at > end) break;
      ahead += Math.max(0, due.at - now());
      if (due.every) due.at += due.every;
      else own.delete(id);
      due.act();
      ran += 1;
      // What the timer began, such as a request, gets its turn.
      await new Promise((resolve) => later(resolve, 0));
    }
    ahead += Math.max(0, end - now());
    return ran;
  };
}

/** Gives a page such a clock at its next load. @param {import("puppeteer-core").Page} page */
export const giveClock = (page) => page.evaluateOnNewDocument(install);
