// Before the first paint, so that a dark page never flashes white; a file, as the policy allows nothing inline.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('tokenhub.theme');
  } catch (denied) {
    chosen = null;
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
