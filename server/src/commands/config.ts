import { runConfigCommand } from '../config/config-command.ts'

/** `terrace config check|print` on this process's output. */
export function configCommand(args: readonly string[]): Promise<number> {
  return runConfigCommand(args, {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  })
}
