(function () {
  var theme = 'system';
  try {
    theme = localStorage.getItem('voxera.theme') || 'system';
  } catch (_) {
    // Storage may be forbidden; the system's choice holds.
  }
  var dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
