// Sets the chosen theme and language before the first paint. Only these two choices are kept in the browser.
(function () {
  try {
    var theme = localStorage.getItem('zapys.theme');
    if (theme === 'light' || theme === 'dark' || theme === 'contrast') document.documentElement.dataset.theme = theme;
    var lang = localStorage.getItem('zapys.lang');
    if (lang === 'uk' || lang === 'en') document.documentElement.lang = lang;
  } catch (unavailable) {
    // Storage may be switched off; the system's choices rule then.
  }
})();
