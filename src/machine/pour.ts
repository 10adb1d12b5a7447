/** Writes bytes to a stream, no quicker than it takes them. Resolves early when whoever reads it goes away. */
export async function pour(chunks: AsyncIterable<Uint8Array>, stream: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of chunks) {
    const error = await new Promise<Error | null | undefined>((done) => stream.write(chunk, done));
    if (error) return;
  }
}
