/** The squares of a QR code, taken out of an SVG text so that no foreign markup is put into the page. */
export interface QrPicture {
  viewBox: string;
  shapes: ({ kind: 'path'; d: string; dark: boolean } | { kind: 'rect'; x: number; y: number; width: number; height: number; dark: boolean })[];
}

const LIGHT = /^(#fff|#ffffff|white)$/i;

export function readQr(svg: string): QrPicture | null {
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
  if (root.nodeName !== 'svg') return null;
  const number = (element: Element, name: string, fallback = 0) => {
    const text = element.getAttribute(name) ?? '';
    const base = root.getAttribute('viewBox')?.split(/[\s,]+/).map(Number)[name === 'width' ? 2 : 3] ?? 0;
    const value = text.endsWith('%') ? (Number.parseFloat(text) / 100) * base : Number.parseFloat(text);
    return Number.isFinite(value) ? value : fallback;
  };
  const viewBox = root.getAttribute('viewBox') ?? `0 0 ${number(root, 'width')} ${number(root, 'height')}`;
  const shapes: QrPicture['shapes'] = [];
  for (const element of root.querySelectorAll('path, rect')) {
    const dark = !LIGHT.test(element.getAttribute('fill') ?? '');
    if (element.nodeName === 'path') shapes.push({ kind: 'path', d: element.getAttribute('d') ?? '', dark });
    else shapes.push({ kind: 'rect', x: number(element, 'x'), y: number(element, 'y'), width: number(element, 'width'), height: number(element, 'height'), dark });
  }
  return shapes.length > 0 ? { viewBox, shapes } : null;
}
