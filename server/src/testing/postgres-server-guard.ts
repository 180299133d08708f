/**
 * Runs one PostgreSQL server for as long as its own standard input stays open, then stops it and removes its folder. The test run
 * holds the other end of that pipe, so a run that is killed leaves neither a server nor its data behind.
 *
 * Usage: node postgres-server-guard.ts FOLDER_TO_REMOVE UID GID PROGRAM [ARGUMENT…]; UID and GID `-` for our own.
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

const [folder = '', uid = '-', gid = '-', program = '', ...programArguments] = process.argv.slice(2)
const identity = uid === '-' ? {} : { uid: Number(uid), gid: Number(gid) }
const server = spawn(program, programArguments, { ...identity, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })

let stopping = false
process.stdin.resume()
process.stdin.on('close', () => {
  stopping = true
  server.kill('SIGINT')
})
// An interrupt from the terminal reaches the whole group; the pipe decides when we stop.
process.on('SIGINT', () => undefined)
server.on('exit', (code) => {
  // A server that never ran (its port was taken) may be started again on the same data.
  if (stopping) rmSync(folder, { recursive: true, force: true })
  process.exit(code ?? 1)
})
