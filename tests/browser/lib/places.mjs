// The pages that are looked at for access and for layout, and how to know that each is all there.

export function places(bench) {
  const item = (title) => `/items/${bench.item(title).item}`;
  const seen = (selector) => (page) => page.locator(selector).first().waitFor();
  return [
    { name: 'home', path: '/', there: seen('.casehead') },
    { name: 'library', path: '/items', there: seen('[data-row="0"]') },
    {
      name: 'recording',
      path: item('call-01.wav'),
      there: async (page) => {
        await seen('[data-seg]')(page);
        await page.getByRole('slider').first().waitFor();
        await page.locator('.play:enabled').waitFor();
      },
    },
    { name: 'screenshot', path: item('chat-light.png'), there: seen('.blocks [data-block]') },
    { name: 'article', path: item('origin.html'), there: seen('#b0') },
    { name: 'chat export', path: item('result.json'), there: seen('[data-message]') },
    { name: 'call table', path: item('calls.csv'), there: seen('tbody tr') },
    {
      name: 'search',
      path: '/search',
      there: async (page) => {
        await page.locator('#page input[type="search"]').fill('ящик');
        await page.keyboard.press('Enter');
        await seen('[data-hit]')(page);
      },
    },
    {
      name: 'intake',
      path: '/intake',
      there: async (page) => {
        await page.locator('[data-pick="files"]').setInputFiles({ name: 'a-file-with-quite-a-long-name-for-a-narrow-page.txt', mimeType: 'text/plain', buffer: Buffer.from('A page.\n') });
        await seen('tbody tr')(page);
      },
    },
    { name: 'glossary', path: '/glossary', there: seen('#page li') },
    {
      name: 'custody',
      path: '/custody',
      there: async (page) => {
        await seen('.facts')(page);
        await page.keyboard.press('v');
        await seen('.result')(page);
      },
    },
    { name: 'custody of an item', path: `${item('call-01.wav')}/custody`, there: seen('tbody tr') },
    { name: 'settings', path: '/settings', there: seen('dl') },
  ];
}
