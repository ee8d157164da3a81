/** A clause from the server as a sentence: a full stop at the end, a capital at the beginning unless it begins with a name of a program. */
export function sentence(text: string | null | undefined): string {
  const bare = (text ?? '').trim();
  if (bare === '') return '';
  const first = /^\p{Ll}+(?=[\s,]|$)/u.exec(bare)?.[0];
  const begin = first && first !== 'zapys' ? bare.charAt(0).toLocaleUpperCase() : bare.charAt(0);
  return begin + bare.slice(1) + (/[.!?…]$/.test(bare) ? '' : '.');
}
