/** A picture with a colour on each side. */
export async function drawn(page: { evaluate: <T>(work: () => Promise<T>) => Promise<T> }): Promise<Buffer> {
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 900;
    canvas.height = 600;
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.fillStyle = '#c02020';
    context.fillRect(0, 0, 450, 600);
    context.fillStyle = '#2040c0';
    context.fillRect(450, 0, 450, 600);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    return [...new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0))];
  });
  return Buffer.from(bytes);
}
