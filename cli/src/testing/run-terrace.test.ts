import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { terraceHome } from './run-terrace.ts'

// `script` gives a pseudo-terminal; its flags differ elsewhere.
test.skipIf(process.platform !== 'linux').each(['run', 'runOnTerminal'] as const)(
  'a command of %s that is still running when its test ends goes with it',
  async (how) => {
    const silent = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const works: (() => Promise<void>)[] = []
    const home = await terraceHome((work) => works.push(work))
    const outcome = home[how](['whoami', '--server', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, '--timeout', '600'])
    const [socket] = await once(silent, 'connection')
    socket.resume().on('error', () => {})
    const hungUp = once(socket, 'close')
    for (const work of works) await work()
    await hungUp
    expect(await outcome).toMatchObject({ code: null, signal: 'SIGKILL' })
  },
)
