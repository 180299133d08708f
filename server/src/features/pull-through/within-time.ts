/** The outcome of `work`, or the error that `late` makes when that takes longer; the work itself goes on. */
export async function withinTime<T>(work: Promise<T>, timeMs: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), timeMs)
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
