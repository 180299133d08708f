import { describe, expect, onTestFinished, test } from 'vitest'
import { COMMANDS } from './command-table/command-table.ts'
import { buildProgram } from './program/build-program.ts'
import { terraceHome } from './testing/run-terrace.ts'

describe('usage of the executable', () => {
  test.each([
    [['mirro'], 'Cannot run "terrace mirro": unknown command "mirro". Did you mean "mirror"?\nRun: terrace --help\n'],
    [['serv'], 'Cannot run "terrace serv": unknown command "serv". Did you mean "serve"?\nRun: terrace --help\n'],
    [['mirror', 'lod'], 'Cannot run "terrace mirror lod": unknown command "lod". Did you mean "load"?\nRun: terrace mirror --help\n'],
    [
      ['mirror', 'load', 'x', '--wiat'],
      'Cannot run "terrace mirror load": unknown option "--wiat". Did you mean "--wait"?\nRun: terrace mirror load --help\n',
    ],
    [['mirror', 'load'], 'Cannot run "terrace mirror load": missing required argument "file"\nRun: terrace mirror load --help\n'],
    [['whoami', '--json', '--plain'], 'Cannot use "--json" together with "--plain"\n'],
    [['whoami', '--quiet', '--verbose'], 'Cannot use "--quiet" together with "--verbose"\n'],
    [['whoami', '--server', 'https://h/path'], 'Cannot use server "https://h/path": it is no address of the form https://HOST[:PORT]\n'],
    [['whoami', '--server', 'h', '--timeout', 'soon'], 'Cannot use timeout "soon": it is no number of seconds from 1 to 86400\n'],
    [['provider', 'list', '--limit', '-1'], 'Cannot use limit "-1": it is neither a whole number above 0 nor "all"\n'],
    [['whoami'], 'Cannot choose a server: no address is given\nRun: terrace login URL, or use --server or TERRACE_SERVER\n'],
    [['serve', '--confg', 'x'], expect.stringMatching(/^Cannot run "terrace serve": Unknown option '--confg'/)],
  ])('terrace %j is refused with exit code 2', async (args, message) => {
    const { run } = await terraceHome(onTestFinished)
    const outcome = await run(args)
    expect(outcome).toEqual({ code: 2, signal: null, stdout: '', stderr: message })
  })

  test('--help lists every command, those of the server too', async () => {
    const { run } = await terraceHome(onTestFinished)
    const { code, stdout, stderr } = await run(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const name of [...COMMANDS.map((command) => command.name), 'serve', 'work', 'migrate', 'config', 'doctor']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}  `, 'm'))
    }
  })

  test('a noun alone shows its commands and is wrong usage', async () => {
    const { run } = await terraceHome(onTestFinished)
    const { code, stdout, stderr } = await run(['provider'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('provider publish  ')
  })

  test('help of a server command comes from the server', async () => {
    const { run } = await terraceHome(onTestFinished)
    const { code, stdout } = await run(['help', 'migrate'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Usage: terrace migrate/) })
  })

  test.each([
    [['help'], 0, /^Terrace: private registry/],
    [['help', 'mirror'], 0, /^Load providers from upstreams\n/],
    [['help', 'mirror', 'load'], 0, /^Load providers by a definition file\n/],
    [['help', 'mirro'], 2, /unknown command "mirro"/],
  ])('terrace %j is help in other words', async (args, expected, text) => {
    const { run } = await terraceHome(onTestFinished)
    const { code, stdout, stderr } = await run(args)
    expect({ code, text: stdout + stderr }).toEqual({ code: expected, text: expect.stringMatching(text) })
  })

  test('--version is the version alone', async () => {
    const { run } = await terraceHome(onTestFinished)
    expect(await run(['--version'])).toEqual({ code: 0, signal: null, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  })
})

/** Parses as the executable does, and answers the command that would run with its arguments. */
async function parse(words: readonly string[]): Promise<{ name: string; operands: readonly (string | undefined)[] } | undefined> {
  let parsed: { name: string; operands: readonly (string | undefined)[] } | undefined
  const program = buildProgram({
    version: '0',
    serverCommands: {},
    width: 80,
    writeOut: () => {},
    writeErr: () => {},
    run: async ({ name }, input) => {
      parsed = { name, operands: input.arguments }
    },
  })
  await program.parseAsync([...words], { from: 'user' })
  return parsed
}

/** Words of an example, up to the pipe or redirection behind it. */
function wordsOf(command: string): string[] {
  const [own = ''] = command.split(/ [|<>] /)
  return [...own.matchAll(/"(?<quoted>[^"]*)"|\S+/g)].map((match) => match.groups?.quoted ?? match[0])
}

describe('command table', () => {
  test.each(COMMANDS.flatMap(({ name, examples }) => examples.map(({ command }) => [name, command])))(
    'an example of %s is parsed as it is written: %s',
    async (name, command) => {
      const [executable, ...words] = wordsOf(command)
      expect(executable).toBe('terrace')
      expect(await parse(words)).toMatchObject({ name })
    },
  )

  test.each(COMMANDS.map((command) => [command.name, command]))('the code of %s can be loaded', async (_name, command) => {
    expect(await command.load()).toBeTypeOf('function')
  })

  test.each(COMMANDS.map(({ name }) => [name]))('help of %s shows the examples before everything that is optional', async (name) => {
    const shown: string[] = []
    const program = buildProgram({
      version: '0',
      serverCommands: {},
      width: 80,
      writeOut: (text) => shown.push(text),
      writeErr: () => {},
      run: async () => {},
    })
    await expect(program.parseAsync([...name.split(' '), '--help'], { from: 'user' })).rejects.toThrow('outputHelp')
    const text = shown.join('')
    expect(text.indexOf('\nExamples:\n')).toBeGreaterThan(0)
    expect(text.indexOf('\nExamples:\n')).toBeLessThan(text.indexOf('\nOptions:\n'))
  })
})
