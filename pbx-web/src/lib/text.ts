/** Characters; the server's rule, told before it has to. */
export const PASSWORD_LEAST = 10;

/** `Åkes Bageri AB` becomes `akes-bageri`; company forms are left out. */
export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[æ]/g, 'a')
    .replace(/[ø]/g, 'o')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/\b(ab|hb|kb|aktiebolag|ekonomisk|forening|ltd|inc|as|oy)\b/g, ' ')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

/** Digits of a Swedish organisation number as `556677-8899` while typing. */
export function orgNumber(text: string): string {
  const digits = text.replace(/\D/g, '').replace(/^(16)(?=\d{10})/, '').slice(0, 10);
  return digits.length > 6 ? `${digits.slice(0, 6)}-${digits.slice(6)}` : digits;
}

export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((part) => part[0]?.toUpperCase() ?? '')
    .join('');

/** Gives a text to the user as a file. */
export function download(name: string, content: string | Blob, type = 'text/plain;charset=utf-8'): void {
  const url = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type }) : content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
