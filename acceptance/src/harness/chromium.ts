import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { findBinary } from './required-binaries.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import type { TlsFront } from './tls-front.ts'

/** A page in a real browser, driven as by a person at the keyboard. */
export interface ChromiumPage extends AsyncDisposable {
  open(url: string): Promise<void>
  /** Waits until an expression of the page is true. @throws after 20 s, with what the page shows. */
  waitFor(expression: string): Promise<void>
  /** Types into what has the focus. */
  type(text: string): Promise<void>
  press(key: 'Tab' | 'Enter'): Promise<void>
  /** Moves on by Tab until the focus is on a button with this text. */
  tabTo(button: string): Promise<void>
  /** What the browser complained about, for example violations of the content security policy. */
  readonly complaints: readonly string[]
}

type Parameters = Readonly<Record<string, unknown>>
type Send = (method: string, parameters?: Parameters) => Promise<Parameters>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Parameters
  readonly result?: Parameters
  readonly error?: { readonly message: string }
}

const DEADLINE_MS = 60_000
const POLL_MS = 25
const MOST_TABS = 20
const KEYS = { Tab: { windowsVirtualKeyCode: 9, text: undefined }, Enter: { windowsVirtualKeyCode: 13, text: '\r' } }

/** Starts Chromium with the front as its network. Needs the program: see `reportMissing`. */
export async function startChromium(front: Pick<TlsFront, 'proxyUrl'>): Promise<ChromiumPage> {
  const folder = makeTemporaryFolder('chromium')
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--ignore-certificate-errors', '--remote-debugging-port=0']
  const child = spawn(
    findBinary('chromium') ?? '',
    [...flags, `--proxy-server=${front.proxyUrl}`, `--user-data-dir=${folder.path}`, 'about:blank'],
    { env: { PATH: process.env.PATH, HOME: folder.path }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const closed = once(child, 'close')
  const socket = new WebSocket(await findPage(await devToolsAddress(child.stderr)))
  await once(socket, 'open')
  const complaints: string[] = []
  const send = connect(socket, complaints)
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`)
  return {
    ...drive(send),
    complaints,
    async [Symbol.asyncDispose]() {
      socket.close()
      child.kill('SIGKILL')
      await closed
      folder.remove()
    },
  }
}

function devToolsAddress(output: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    // Read to its end: a full pipe would stop the browser.
    output.on('data', (chunk) => {
      text += String(chunk)
      const address = /DevTools listening on ws:\/\/([^/\s]+)/.exec(text)?.[1]
      if (address !== undefined) resolve(address)
    })
    output.on('end', () => reject(new Error(`Chromium ended:\n${text}`)))
  })
}

async function findPage(address: string): Promise<string> {
  const targets = (await (await fetch(`http://${address}/json/list`)).json()) as { type: string; webSocketDebuggerUrl: string }[]
  const page = targets.find(({ type }) => type === 'page')
  if (page === undefined) throw new Error('Chromium has no page')
  return page.webSocketDebuggerUrl
}

/** The DevTools protocol: commands with answers, and events. https://chromedevtools.github.io/devtools-protocol/ */
function connect(socket: WebSocket, complaints: string[]): Send {
  const waiting = new Map<number, (message: Message) => void>()
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    if (message.method === 'Log.entryAdded') complaints.push(JSON.stringify(message.params))
  })
  return async (method, params = {}) => {
    const id = waiting.size + 1
    const answer = await new Promise<Message>((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result ?? {}
  }
}

function drive(send: Send): Omit<ChromiumPage, 'complaints' | typeof Symbol.asyncDispose> {
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = (await send('Runtime.evaluate', { expression, returnByValue: true })) as { result?: { value?: unknown } }
    return result?.value
  }
  const press: ChromiumPage['press'] = async (key) => {
    const { text, ...code } = KEYS[key]
    await send('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key, ...code, ...(text !== undefined && { text }) })
    await send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key, ...code })
  }
  return {
    press,
    open: async (url) => void (await send('Page.navigate', { url })),
    type: async (text) => void (await send('Input.insertText', { text })),
    async waitFor(expression) {
      const deadline = Date.now() + DEADLINE_MS
      while ((await evaluate(expression)) !== true) {
        if (Date.now() > deadline) throw new Error(`${expression}: ${await evaluate('location.href + " " + document.body?.innerText')}`)
        await setTimeout(POLL_MS)
      }
    },
    async tabTo(button) {
      for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
        if ((await evaluate('document.activeElement?.textContent')) === button) return
        await press('Tab')
      }
      throw new Error(`Tab never comes to "${button}"`)
    },
  }
}
