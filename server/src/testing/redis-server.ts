import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether tests can start Redis; when not: `apt-get install redis-server`. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

/** A Redis of the test alone. */
export interface RedisServer {
  readonly url: string
  /** SIGKILL; the port stays free for {@link restart}. */
  kill(): Promise<void>
  /** Starts it again at the same address, empty. */
  restart(): Promise<void>
  /** Stops answering, with open connections (SIGSTOP), and goes on. */
  freeze(): void
  thaw(): void
}

/** Starts `redis-server` on a free port of loopback, without files, with a password; it ends with the test. */
export async function openRedisServer(password: string): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-redis-'))
  const port = await findFreePort()
  let child = await start({ folder, port, password })
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    kill,
    async restart() {
      child = await start({ folder, port, password })
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
  }
}

async function start({ folder, port, password }: { folder: string; port: number; password: string }): Promise<ChildProcess> {
  const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', requirepass: password }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('Ready to accept connections')) resolve()
    })
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`redis-server ended:\n${output}`)))
  })
  return child
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
