import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createPort } from 'node:net'
import { join } from 'node:path'
import { type CleanUp, type Outcome, type TerraceHome, terraceHome } from './run-terrace.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/terrace.mjs')

/** A real server, with somebody who has signed in as its administrator. */
export interface RealRegistry {
  readonly home: TerraceHome
  /** Where the counter of requests is; everything goes through it. */
  readonly url: string
  /** What was asked for, in order: method, path without query, first byte. Empty it to count anew. */
  readonly requests: SeenRequest[]
  /** How many bytes of a body whose path contains the text go through before everything stands still; undefined: all. */
  hold: { readonly path: string; readonly bytes: number } | undefined
  /** Ends when the first answer stands still. */
  held: Promise<void>
  run(...args: string[]): Promise<Outcome>
  /** The same for a run that must succeed. @throws when it does not. */
  succeed(...args: string[]): Promise<Outcome>
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly range: string | undefined
}

/** Starts `terrace serve` behind a counter, and signs in. */
export async function openRealRegistry(cleanUp: CleanUp, settings: Readonly<Record<string, string>> = {}): Promise<RealRegistry> {
  const home = await terraceHome(cleanUp)
  const { port, setupToken } = await serve(home, settings, cleanUp)
  let tellHeld = (): void => undefined
  const registry: RealRegistry = {
    home,
    url: '',
    requests: [],
    hold: undefined,
    held: new Promise((resolve) => {
      tellHeld = resolve
    }),
    run: (...args) => home.run(args, { env: { TERRACE_SERVER: registry.url } }),
    async succeed(...args) {
      const outcome = await registry.run(...args)
      if (outcome.code !== 0) throw new Error(`terrace ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stderr}`)
      return outcome
    },
  }
  const url = await count(registry, { port, tellHeld: () => tellHeld() }, cleanUp)
  Object.assign(registry, { url })
  await writeFile(join(home.folder, 'token'), `${setupToken}\n`)
  await writeFile(join(home.folder, 'password'), 'correct horse battery\n')
  await registry.succeed('setup', '--token-file', 'token', '--username', 'ada', '--password-file', 'password')
  await registry.succeed('login', '--username', 'ada', '--password-file', 'password')
  return registry
}

async function serve(
  { folder }: TerraceHome,
  settings: Readonly<Record<string, string>>,
  cleanUp: CleanUp,
): Promise<{ port: number; setupToken: string }> {
  const port = await findFreePort()
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TFR_SERVER_HOST: '127.0.0.1',
    TFR_SERVER_PORT: String(port),
    TFR_SERVER_LOCAL_TLS_PORT: '0',
    TFR_AUTH_BCRYPT_COST: '10',
    ...settings,
  }
  const server = spawn(process.execPath, [LAUNCHER, 'serve'], { cwd: folder, env, stdio: 'pipe' })
  cleanUp(async () => {
    server.kill('SIGKILL')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  })
  let output = ''
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk
      const token = /set-up token ([a-z0-9-]{20,})/.exec(output)?.[1]
      if (token !== undefined && /"msg":"ready"/.test(output)) resolve({ port, setupToken: token })
    }
    server.stdout.on('data', read)
    server.stderr.on('data', read)
    server.on('exit', () => reject(new Error(`The server has ended:\n${output}`)))
  })
}

/** A port that nobody listens on now. */
async function findFreePort(): Promise<number> {
  const probe = createPort().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

async function count(
  registry: RealRegistry,
  { port, tellHeld }: { port: number; tellHeld: () => void },
  cleanUp: CleanUp,
): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    const [path = ''] = url.split('?')
    registry.requests.push({ method, path, range: headers.range })
    const onward = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      passOn(answer, outgoing, { registry, path, tellHeld })
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  cleanUp(async () => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return `http://127.0.0.1:${(proxy.address() as { port: number }).port}`
}

interface Passing {
  readonly registry: RealRegistry
  readonly path: string
  readonly tellHeld: () => void
}

function passOn(answer: IncomingMessage, outgoing: NodeJS.WritableStream, { registry, path, tellHeld }: Passing): void {
  let passed = 0
  answer.on('data', (chunk: Buffer) => {
    const { hold } = registry
    const rest = hold !== undefined && path.includes(hold.path) ? hold.bytes - passed : chunk.length
    passed += chunk.length
    outgoing.write(chunk.subarray(0, Math.max(0, rest)))
    if (rest >= chunk.length) return
    answer.destroy()
    tellHeld()
  })
  answer.on('end', () => outgoing.end())
}
