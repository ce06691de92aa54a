// Gathers calls made in the same turn into one, up to a size: AppSync's BatchInvoke.

/** Answers the items of one batch, in order; an `Error` in a place fails that item alone. */
export type BatchCall<I, O> = (items: I[]) => Promise<Array<O | Error>>;

export function batched<I, O>(maxBatchSize: number, call: BatchCall<I, O>): (item: I) => Promise<O> {
  let waiting: Array<{ item: I; resolve: (value: O) => void; reject: (cause: unknown) => void }> = [];
  const flush = async (): Promise<void> => {
    const all = waiting;
    waiting = [];
    for (let start = 0; start < all.length; start += maxBatchSize) {
      const chunk = all.slice(start, start + maxBatchSize);
      try {
        const answers = await call(chunk.map(({ item }) => item));
        for (const [index, { resolve, reject }] of chunk.entries()) {
          const answer = answers[index];
          if (answer instanceof Error) reject(answer);
          else resolve(answer as O);
        }
      } catch (cause) {
        for (const { reject } of chunk) reject(cause);
      }
    }
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // After the current turn, when every sibling field has been asked for.
      if (waiting.length === 1) setImmediate(() => void flush());
    });
}
